import { createCache } from "@granary/core";
import { farStore, faultyStore, manualClock } from "@granary/testkit";
import { expect, onTestFinished, test } from "vitest";
import { main } from "../logging.js";

function openCache() {
  const clock = manualClock();
  const { store, faults } = faultyStore(farStore({ clock }).connect(), { clock });
  const cache = createCache<string>({ store, clock, jitter: false, ttl: "1m", staleIfError: "1h", retryAfter: "1s" });
  const lines: string[] = [];
  const stop = main(cache, { info: (line) => lines.push(`info ${line}`), warn: (line) => lines.push(`warn ${line}`) });
  onTestFinished(() => cache.close());
  return { cache, clock, faults, lines, stop };
}

const down = (): never => {
  throw new Error("origin down");
};

test("an outage of the store is a line when it begins and a line when it is over", async () => {
  const { cache, clock, faults, lines } = openCache();
  faults.inject({ type: "reject" });
  for (const id of ["a", "b", "c", "d", "e", "f", "g"]) await cache.get(id);
  const outage = lines.filter((line) => line.includes("does not answer"));
  expect(outage).toHaveLength(1);
  faults.mend();
  await clock.advance(1_000);
  expect(lines.filter((line) => line.startsWith("info"))).toEqual(["info cache: far is back"]);
});

test("a stale value that was served in place of a failed load is a line", async () => {
  const { cache, clock, lines } = openCache();
  await cache.getOrSet("a", () => "old");
  await clock.advance(60_001);
  expect(await cache.getOrSet("a", down)).toBe("old");
  expect(lines).toEqual(["warn cache: stale granary:v1:default:a, its load failed"]);
});

test("nothing is written once it is stopped", async () => {
  const { cache, clock, lines, stop } = openCache();
  await cache.getOrSet("a", () => "old");
  await clock.advance(60_001);
  stop();
  expect(await cache.getOrSet("a", down)).toBe("old");
  expect(lines).toEqual([]);
});
