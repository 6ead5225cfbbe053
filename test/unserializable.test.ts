import { randomUUID } from "node:crypto";
import { type Cache, type CacheEvents, type CacheStore, createCache } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import Keyv from "keyv";
import { describe, expect, inject, onTestFinished, test } from "vitest";

class Money {
  constructor(readonly cents: number) {}
}

const FARS: ReadonlyArray<readonly [name: string, open: () => CacheStore]> = [
  ["Redis, which has leases", openRedis],
  ["a Keyv, which has none", () => keyvStore(new Keyv())],
];

describe.each(FARS)("FIELD 31: a value that cannot be written to %s", (_, open) => {
  test("is loaded once, kept near, counted, and told once", async () => {
    const { cache, errors } = cacheOn(tiered({ l1: memoryStore(), l2: open() }));
    let loads = 0;
    for (let call = 0; call < 20; call += 1)
      expect(await cache.getOrSet("price", () => new Money(++loads))).toStrictEqual(new Money(1));
    expect(loads).toBe(1);
    expect(cache.stats()).toMatchObject({ loads: 1, loadFailures: 0, unserializable: 1, errors: 1 });
    expect(errors).toMatchObject([
      { operation: "fill", key: expect.stringContaining("price"), error: { code: "INVALID_VALUE" } },
    ]);
    expect(String(errors[0]?.error)).toContain("an instance of Money");
  });

  test("is loaded in a batch beside those that can be, each once", async () => {
    const { cache } = cacheOn(tiered({ l1: memoryStore(), l2: open() }));
    let loads = 0;
    const load = (ids: readonly unknown[]) => {
      loads += 1;
      return new Map(ids.map((id): [string, unknown] => [String(id), id === "odd" ? new Money(1) : id]));
    };
    for (let call = 0; call < 3; call += 1)
      expect((await cache.getOrSetMany(["a", "odd", "b"], load)).get("odd")).toStrictEqual(new Money(1));
    expect(loads).toBe(1);
    expect(cache.stats().unserializable).toBe(1);
  });

  test("is refused by set, with the reason, and what was there before stays", async () => {
    const { cache } = cacheOn(tiered({ l1: memoryStore(), l2: open() }));
    await cache.set("price", "old");
    await expect(cache.set("price", new Money(1))).rejects.toMatchObject({ code: "INVALID_VALUE" });
    expect(await cache.get("price")).toBe("old");
    expect(cache.stats()).toMatchObject({ unserializable: 1 });
  });
});

test("FIELD 31: what such a value replaces ends on the other nodes too", async () => {
  const far = openRedis();
  const [one, other] = [far, far].map((l2) => cacheOn(tiered({ l1: memoryStore(), l2 })).cache) as [
    Cache<unknown>,
    Cache<unknown>,
  ];
  await one.set("price", "old", { ttl: "1h" });
  await one.getOrSet("price", () => new Money(1), { ttl: "1h" });
  await one.expire("price");
  expect(await one.getOrSet("price", () => new Money(2))).toStrictEqual(new Money(2));
  expect(await one.get("price")).toStrictEqual(new Money(2));
  expect(await other.entry("price")).toBeUndefined();
});

test("FIELD 31: where Redis is alone it is loaded each time, counted each time, and told once a minute", async () => {
  const clock = manualClock();
  const { cache, errors } = cacheOn(openRedis(clock));
  // A lease that is being given back when the test moves the clock fails as well.
  const told = () => errors.filter(({ operation }) => operation === "fill");
  let loads = 0;
  const load = () => cache.getOrSet("price", () => new Money(++loads));
  for (let call = 0; call < 20; call += 1) await load();
  expect(loads).toBe(20);
  expect(told()).toHaveLength(1);
  await cache.getOrSet("other", () => new Money(0));
  expect(told()).toHaveLength(2);
  await clock.advance(59_999);
  await load();
  expect(told()).toHaveLength(2);
  await clock.advance(1);
  await load();
  expect(told()).toHaveLength(3);
  expect(cache.stats()).toMatchObject({ loads: 23, unserializable: 23 });
});

function openRedis(clock?: ReturnType<typeof manualClock>): CacheStore {
  const client = new Redis(inject("redisUrl"), { keyPrefix: `unserializable:${randomUUID()}:` });
  onTestFinished(() => client.disconnect());
  return redisStore({ client, ...(clock !== undefined && { clock }) });
}

function cacheOn(store: CacheStore) {
  const cache = createCache<unknown>({ store, namespace: "values", ttl: "1m" });
  onTestFinished(() => cache.close());
  const errors: Array<CacheEvents["error"]> = [];
  cache.on("error", (event) => errors.push(event));
  return { cache, errors };
}
