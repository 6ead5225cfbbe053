import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { localHub } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { redisClient } from "./support/redis-client.js";

const realSteady = performance.now;
let stoodStillMs = 0;
let stoppedAt: number | undefined;

/** A steady clock that a suspension stops, for as long as that takes. */
performance.now = () => (stoppedAt ?? realSteady.call(performance)) - stoodStillMs;

/** Suspends the steady clock of this process for `ms` milliseconds, which pass for everybody else. */
async function suspend(ms: number): Promise<void> {
  stoppedAt = realSteady.call(performance);
  const from = Date.now();
  await eventually(
    async () => Date.now() - from,
    (passed) => passed >= ms,
  );
  stoodStillMs += realSteady.call(performance) - stoppedAt;
  stoppedAt = undefined;
}

test("FIELD 22 (C15): a process over Redis that was suspended knows how late it is at the first call", async () => {
  const client = redisClient();
  const bus = localHub().bus("one");
  const cache = createCache<string>({
    store: tiered({ l1: memoryStore(), l2: redisStore({ client }), bus }),
    jitter: 0,
  });
  const serverNow = async (): Promise<number> => {
    const [seconds, micros] = await client.time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  };
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
    performance.now = realSteady;
  });
  await cache.set("tea", "green", { ttl: 1_000 });
  await cache.set("milk", "warm", { ttl: "1h", staleIfError: "1h" });
  expect(await cache.get("tea")).toBe("green");
  await client.set("granary:v1:default:milk", "changed by somebody whose message was lost");
  cache.on("error", () => undefined);
  await suspend(1_200);
  expect(await cache.get("tea")).toBeUndefined();
  expect(await cache.get("milk")).toBeUndefined();
  const before = await serverNow();
  await cache.set("tea", "black");
  const createdAt = (await cache.entry("tea"))?.createdAt;
  expect(createdAt).toBeGreaterThan(before - 100);
  expect(createdAt).toBeLessThanOrEqual(await serverNow());
});
