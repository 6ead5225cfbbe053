import type { Cache, CacheStore } from "@granary/core";
import { describe, expect, test } from "vitest";
import { signal } from "./support/gated-store.js";
import { type Copy, packageCopies } from "./support/package-copies.js";
import { redisClient } from "./support/redis-client.js";

/** Two copies of everything, and one store that both know, as one on `globalThis` is. */
async function twoCopies(make: (copy: Copy) => CacheStore): Promise<{ one: Cache<number>; other: Cache<number> }> {
  const [first, second] = await packageCopies(2);
  const store = make(first as Copy);
  const options = { store, ttl: "1h", jitter: false, staleIfError: "1h" } as const;
  return { one: (first as Copy).createCache<number>(options), other: (second as Copy).createCache<number>(options) };
}

describe("C39: two copies of the packages in one process are of one mind", () => {
  test("FIELD 16: they really are two", async () => {
    const [first, second] = await packageCopies(2);
    expect(first?.createCache).toBeTypeOf("function");
    expect(first?.createCache).not.toBe(second?.createCache);
  });

  test("FIELD 16: a load of one copy from before a delete by the other is not kept", async () => {
    const { one, other } = await twoCopies((copy) => copy.memoryStore());
    const [begun, goOn] = [signal(), signal()];
    const loading = one.getOrSet("a", async () => {
      begun.give();
      await goOn.given;
      return 1;
    });
    await begun.given;
    await other.delete("a");
    goOn.give();
    expect(await loading).toBe(1);
    expect(await one.get("a")).toBeUndefined();
    expect(await other.get("a")).toBeUndefined();
  });

  test("FIELD 16: a load of one copy from before a clear by the other is not kept, nor one of many", async () => {
    const { one, other } = await twoCopies((copy) => copy.memoryStore());
    const [begun, goOn] = [signal(), signal()];
    const loading = one.getOrSetMany(["a", "b"], async (ids) => {
      begun.give();
      await goOn.given;
      return ids.map(() => 1);
    });
    await begun.given;
    await other.clear();
    goOn.give();
    expect((await loading).get("a")).toBe(1);
    expect((await other.getMany(["a", "b"])).size).toBe(0);
  });

  test("FIELD 16: callers of both copies share one load, in either direction, and one of many", async () => {
    const { one, other } = await twoCopies((copy) => copy.memoryStore());
    let loads = 0;
    const load = async (): Promise<number> => {
      loads += 1;
      return loads;
    };
    const many = async (ids: readonly unknown[]): Promise<number[]> => Promise.all(ids.map(load));
    const values = await Promise.all([
      one.getOrSet("a", load),
      other.getOrSet("a", load),
      other.getOrSetMany(["a"], many).then((found) => found.get("a")),
      one.getOrSetMany(["a"], many).then((found) => found.get("a")),
    ]);
    expect(values).toEqual([1, 1, 1, 1]);
    expect(loads).toBe(1);
  });

  test("FIELD 16: an id that failed alone in a batch of the one is left out by the other", async () => {
    const { one, other } = await twoCopies((copy) => copy.memoryStore());
    for (const cache of [one, other]) cache.on("error", () => undefined);
    const failed = async (ids: readonly unknown[]): Promise<Error[]> => ids.map(() => new Error("bad row"));
    const found = await Promise.all([one.getOrSetMany(["a"], failed), other.getOrSetMany(["a"], failed)]);
    expect(found.map(({ size }) => size)).toEqual([0, 0]);
  });

  test("FIELD 16: a loader that asks the other copy for its own key is told so", async () => {
    const { one, other } = await twoCopies((copy) => copy.memoryStore());
    const load = one.getOrSet("a", () => other.getOrSet("a", () => 1));
    await expect(load).rejects.toMatchObject({ code: "RECURSIVE_LOAD" });
  });

  test("FIELD 16: closing the cache of one copy neither empties nor closes that of the other", async () => {
    const client = redisClient();
    for (const make of [
      (copy: Copy) => copy.memoryStore(),
      (copy: Copy) =>
        copy.tiered({
          l1: copy.memoryStore(),
          l2: copy.redisStore({ client }),
          l2Timeout: "1m",
          bus: copy.redisBus({ client }),
        }),
    ]) {
      const { one, other } = await twoCopies(make);
      await one.set("a", 1);
      await one.close();
      expect(await other.get("a")).toBe(1);
      expect(await other.set("b", 2)).toBe(true);
      expect(await other.delete("a")).toBe(true);
      expect(await other.get("a")).toBeUndefined();
      await other.clear();
      await other.close();
    }
    client.disconnect();
  });

  test("FIELD 16: tiers of two copies on one bus object hear each other", async () => {
    const [first, second] = (await packageCopies(2)) as readonly [Copy, Copy];
    const client = redisClient();
    const [l2, bus] = [first.redisStore({ client }), first.redisBus({ client, channel: "two copies" })];
    const [one, other] = [first, second].map((copy) =>
      copy.createCache<number>({
        store: copy.tiered({ l1: copy.memoryStore(), l2, l2Timeout: "1m", bus }),
        ttl: "1h",
        jitter: false,
      }),
    ) as [Cache<number>, Cache<number>];
    await one.set("a", 1);
    expect(await other.get("a")).toBe(1);
    await one.set("a", 2);
    // A microtask gathers what is said together.
    await Promise.resolve();
    expect(await other.get("a")).toBe(2);
    await Promise.all([one.close(), other.close()]);
    client.disconnect();
  });
});
