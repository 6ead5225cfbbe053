import { type CacheStore, createCache, type Invalidation } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, localHub, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, it } from "vitest";

it("a clear beats a load that another node has stamped just after an earlier clear", async () => {
  const [clock, hub] = [manualClock(), localHub()];
  const far = markedByAsker(farStore({ clock }).connect());
  const node = (name: string) =>
    createCache<string>({ store: tiered({ l1: memoryStore({ clock }), l2: far, bus: hub.bus(name) }) });
  const [a, b] = [node("a"), node("b")];
  // The clock stands still, so that `b` stamps what it sets a step after the first mark, and `a` marks that instant again.
  await a.clear();
  await b.set("1", "old");
  await a.clear();
  expect(await b.get("1")).toBeUndefined();
  expect(await a.get("1")).toBeUndefined();
});

/** A store that raises marks to what the asker says, as those do that know no time of their own. */
function markedByAsker(store: CacheStore): CacheStore {
  const marks = new Map<string, number>();
  const raise = ({ scope }: Invalidation, atLeast: number): number => {
    marks.set(scope, Math.max(marks.get(scope) ?? Number.NEGATIVE_INFINITY, atLeast));
    return atLeast;
  };
  const read = (scopes: readonly string[]) =>
    scopes.map((scope) => ({
      clearedAt: marks.get(scope) ?? Number.NEGATIVE_INFINITY,
      taggedAt: Number.NEGATIVE_INFINITY,
    }));
  return { ...store, marks: { raise, read, readTags: (_scope, tags) => tags.map(() => Number.NEGATIVE_INFINITY) } };
}

it("a deletion is stamped by the latest instant that it may be, a load by the earliest", async () => {
  const clock = manualClock(1_000);
  const bounded = { now: () => clock.now(), latest: () => clock.now() + 50, after: clock.after };
  const deletedAt: (number | undefined)[] = [];
  const memory = memoryStore({ clock: bounded });
  const store: CacheStore = {
    ...memory,
    delete: (key, at) => {
      deletedAt.push(at);
      return memory.delete(key);
    },
  };
  const cache = createCache<string>({ store });
  await cache.getOrSet("1", () => "value");
  expect((await cache.entry("1"))?.createdAt).toBe(1_000);
  await cache.delete("1");
  expect(deletedAt).toEqual([1_050]);
});

it("C7: what was made stale is stale by a clock that follows another one, and gives an earlier instant than before", async () => {
  let now = 1_000;
  const clock = { ...manualClock(), now: () => now, latest: () => now + 5 };
  const cache = createCache<string>({ store: memoryStore({ clock }), staleIfError: "1h" });
  await cache.set("u", "old");
  expect(await cache.expire("u")).toBe(true);
  now -= 2;
  expect(await cache.get("u")).toBeUndefined();
  expect((await cache.entry("u"))?.value).toBe("old");
});
