import { getEventListeners } from "node:events";
import { type CacheEvents, createCache, type Id, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { signal } from "./support/gated-store.js";
import { redisClient } from "./support/redis-client.js";
import { settled } from "./support/settled.js";

function stillCache() {
  const clock = manualClock();
  return createCache<unknown>({ store: memoryStore({ clock }), clock, jitter: false });
}

function layeredCache() {
  const [client, clock] = [redisClient(), manualClock()];
  const store = tiered({ l1: memoryStore({ clock }), l2: redisStore({ client, clock }), l2Timeout: "1m" });
  const policy = { ttl: "1m", staleWhileRevalidate: "1h", jitter: false } as const;
  const cache = createCache<unknown>({ store, clock, ...policy });
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  return { cache, clock };
}

test("stale values are refreshed behind by one call, also where the right to load is asked for far away", async () => {
  const { cache, clock } = layeredCache();
  const ids = ["a", "b", "c"];
  await cache.setMany(ids.map((id) => [id, "old"]));
  await clock.advance(60_000);
  const asked: Id[][] = [];
  const loadMany = (missing: readonly Id[]) => {
    asked.push([...missing]);
    return missing.map(() => "new");
  };
  const first = await cache.getOrSetMany([...ids, "d"], loadMany);
  expect(Object.fromEntries(first)).toEqual({ a: "old", b: "old", c: "old", d: "new" });
  await eventually(
    () => cache.getMany(ids),
    (found) => [...found.values()].join() === "new,new,new",
  );
  expect(asked).toEqual([["a", "b", "c", "d"]]);
});

test("an id that another node gave up on is loaded afterwards, and the others at once", async () => {
  const client = redisClient();
  const [other, cache] = [redisStore({ client }), redisStore({ client })].map((store) =>
    createCache<unknown>({ store }),
  );
  onTestFinished(async () => {
    await Promise.all([other?.close(), cache?.close()]);
    client.disconnect();
  });
  const [loading, begun, asked] = [signal(), signal(), [] as Id[][]];
  const theirs = other?.getOrSet("a", async () => {
    begun.give();
    await loading.given;
    throw new Error("down");
  });
  await begun.given;
  const mine = cache?.getOrSetMany(["a", "b", "c"], async (ids) => {
    if (asked.push([...ids]) === 1) loading.give();
    return ids.map((id) => `of ${id}`);
  });
  await expect(theirs).rejects.toThrow("down");
  expect(Object.fromEntries((await mine) ?? [])).toEqual({ a: "of a", b: "of b", c: "of c" });
  expect(asked).toEqual([["b", "c"], ["a"]]);
});

test("an id that fails alone is left out for another call that joined its load, too", async () => {
  const cache = stillCache();
  const loading = signal();
  const down = new Error("down");
  const load = async () => {
    await loading.given;
    return [1, down];
  };
  const [one, other] = [
    cache.getOrSetMany(["a", "b"], load),
    cache.getOrSetMany(["a", "b"], () => expect.fail("both are being loaded")),
  ];
  const single = Promise.allSettled([cache.getOrSet("b", () => expect.fail("b is being loaded"))]);
  loading.give();
  expect([await one, await other]).toEqual([new Map([["a", 1]]), new Map([["a", 1]])]);
  expect(await single).toEqual([{ status: "rejected", reason: down }]);
  await expect(cache.getOrSetMany(["b"], () => Promise.reject(down))).rejects.toBe(down);
});

test("a load that was under way when a pattern took its key is not stored", async () => {
  const cache = stillCache();
  const loading = signal();
  const load = cache.getOrSet("user:1", async () => {
    await loading.given;
    return "before";
  });
  await nextTurn();
  expect(await cache.invalidatePattern("user:*")).toBe(0);
  loading.give();
  expect([await load, await cache.get("user:1")]).toEqual(["before", undefined]);
});

test("a signal has one listener, however many ids are asked for, and none when they are there", async () => {
  const cache = stillCache();
  const stop = new AbortController();
  const counts: number[] = [];
  const load = async (ids: readonly Id[]) => {
    counts.push(getEventListeners(stop.signal, "abort").length);
    await nextTurn();
    return [...ids];
  };
  const ids = Array.from({ length: 100 }, (_, at) => at);
  expect((await cache.getOrSetMany(ids, load, { signal: stop.signal })).size).toBe(100);
  counts.push(getEventListeners(stop.signal, "abort").length);
  expect(counts).toEqual([1, 0]);
  stop.abort("late");
  await expect(cache.getOrSetMany(ids, load, { signal: stop.signal })).rejects.toBe("late");
});

describe("many deletes", () => {
  test("tell of each key whether it was there", async () => {
    const cache = stillCache();
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ]);
    const told: Array<CacheEvents["delete"]> = [];
    cache.on("delete", (event) => told.push(event));
    expect(await cache.deleteMany(["a", "missing", "b", "a"])).toBe(2);
    expect(told.map(({ key, existed }) => [key.split(":").at(-1), existed])).toEqual([
      ["a", true],
      ["missing", false],
      ["b", true],
      ["a", false],
    ]);
  });
});

describe("a warm-up", () => {
  test("that fails takes no further ids, and lets go of where they come from", async () => {
    const cache = stillCache();
    const [closed, taken] = [signal(), new Set<number>()];
    async function* source() {
      try {
        for (let id = 0; id < 1_000; id += 1) {
          taken.add(id);
          yield id;
        }
      } finally {
        closed.give();
      }
    }
    let calls = 0;
    const loadMany = async (ids: readonly Id[]) => {
      calls += 1;
      if (calls === 3) throw new Error("down");
      await nextTurn();
      return [...ids];
    };
    await expect(warmUp(cache, source(), { loadMany, batchSize: 10, concurrency: 2 })).rejects.toThrow("down");
    await closed.given;
    await settled();
    expect(taken.size).toBeLessThan(100);
    expect(calls).toBeLessThan(8);
  });
});
