import { type Cache, type CacheOptions, type CacheStore, createCache, guarded } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { tiered } from "@granary/tiered";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisClient } from "./support/redis-client.js";

interface Row {
  n: number;
}

function redis(options: Partial<Parameters<typeof redisStore>[0]> = {}): CacheStore {
  const client = redisClient();
  onTestFinished(() => client.disconnect());
  return redisStore({ client, ...options });
}

const secret = new Uint8Array(32).fill(7);

/** Stores that write values with a serializer, and what another node sees of them. */
const STORES: Readonly<Record<string, () => { store: CacheStore; far: CacheStore }>> = {
  redis: () => alone(redis()),
  "redis, encrypted": () =>
    alone(redis({ serializer: encrypted(superjsonSerializer, { keys: [{ name: "a", key: secret }] }) })),
  keyv: () => alone(keyvStore(new Keyv())),
  "memory over redis": () => {
    const far = redis();
    return { store: tiered({ l1: memoryStore(), l2: far }), far };
  },
  "memory over memory over redis": () => {
    const far = redis();
    const below = tiered({ l1: memoryStore({ name: "middle" }), l2: far });
    return { store: tiered({ l1: memoryStore(), l2: below }), far };
  },
};

function alone(store: CacheStore): { store: CacheStore; far: CacheStore } {
  return { store, far: store };
}

/** A validator that takes its time, as one with a refinement that asks somebody does. */
const slow: CacheOptions<Row>["schema"] = {
  "~standard": { version: 1, vendor: "test", validate: async (value) => ({ value: value as Row }) },
};

function open(name: string, options: Partial<CacheOptions<Row>> = {}): { cache: Cache<Row>; seen: Cache<Row> } {
  const { store, far } = (STORES[name] as (typeof STORES)[string])();
  const [cache, seen] = [createCache<Row>({ ...options, store }), createCache<Row>({ store: far })];
  onTestFinished(async () => {
    await Promise.all([cache.close(), seen.close()]);
  });
  return { cache, seen };
}

describe.each(Object.keys(STORES))("C33: on %s", (name) => {
  test("FIELD 17: the first call of a process writes what it was given, whatever becomes of that", async () => {
    const { cache, seen } = open(name);
    const row = { n: 1 };
    const setting = cache.set("a", row);
    row.n = 666;
    expect(await setting).toBe(true);
    expect(await seen.get("a")).toEqual({ n: 1 });
  });

  test("FIELD 17: many that are set in the first call are what they were", async () => {
    const { cache, seen } = open(name);
    const [one, other] = [{ n: 1 }, { n: 2 }];
    const setting = cache.setMany([
      ["a", one],
      ["b", other],
    ]);
    [one.n, other.n] = [666, 666];
    expect(await setting).toBe(true);
    expect([...(await seen.getMany(["a", "b"])).values()]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("FIELD 17: of sets that wait for each other the last is written as it was asked for", async () => {
    const { cache, seen } = open(name);
    await cache.set("a", { n: 0 });
    const row = { n: 1 };
    const setting = [cache.set("a", row)];
    for (row.n = 2; row.n < 5; row.n += 1) setting.push(cache.set("a", row));
    row.n = 666;
    await Promise.all(setting);
    expect(await seen.get("a")).toEqual({ n: 4 });
    const [many, few] = [cache.setMany([["a", row]]), cache.setMany([["a", row]])];
    row.n = 667;
    await Promise.all([many, few]);
    expect(await seen.get("a")).toEqual({ n: 666 });
  });

  test("FIELD 17: a set behind a delete is written as it was asked for", async () => {
    const { cache, seen } = open(name);
    await cache.set("a", { n: 0 });
    const row = { n: 1 };
    const changing = [cache.delete("a"), cache.set("a", row), cache.deleteMany(["b"]), cache.setMany([["b", row]])];
    row.n = 666;
    await Promise.all(changing);
    expect([await seen.get("a"), await seen.get("b")]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("FIELD 17: what a validator takes its time over is written as it was asked for", async () => {
    const { cache, seen } = open(name, { schema: slow as never });
    const row = { n: 1 };
    const setting = [cache.set("a", row), cache.setMany([["b", row]])];
    row.n = 666;
    await Promise.all(setting);
    expect([await seen.get("a"), await seen.get("b")]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("FIELD 17: callers have the value of a load once it is written: what they do to it stays with them", async () => {
    const { cache, seen } = open(name);
    const loaded = { n: 1 };
    const rows = await Promise.all([
      cache.getOrSet("a", () => loaded),
      cache.getOrSet("a", () => loaded),
      cache.getOrSetMany(["a", "b"], async (ids) => ids.map(() => loaded)).then((found) => found.get("b") as Row),
    ]);
    for (const row of rows) row.n = 666;
    loaded.n = 667;
    expect([await seen.get("a"), await seen.get("b")]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("FIELD 17: what cannot be written is refused, also where it would have waited", async () => {
    const { cache } = open(name);
    const odd = { n: (() => 1) as unknown as number };
    const setting = [cache.set("a", odd), cache.set("a", odd), cache.setMany([["b", odd]])];
    for (const outcome of await Promise.allSettled(setting))
      expect(outcome).toMatchObject({ reason: { code: "INVALID_VALUE" } });
  });
});

test("C33: FIELD 17: more than a server is sent at once is written as it was asked for", async () => {
  const cache = createCache<Row & { text: string }>({ store: guarded(redis(), { timeout: "1m" }) });
  onTestFinished(() => cache.close());
  await cache.set("first", { n: 0, text: "" });
  const rows = Array.from({ length: 60 }, (_, n) => ({ n, text: "x".repeat(100_000) }));
  const setting = rows.map((row, id) => cache.set(id, row));
  for (const row of rows) row.n = 666;
  expect(await Promise.all(setting)).toEqual(rows.map(() => true));
  const found = [...(await cache.getMany(rows.map((_, id) => id))).values()];
  expect(found.map(({ n }) => n)).toEqual([...rows.keys()]);
});
