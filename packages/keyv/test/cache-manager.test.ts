import { type Cache, createCache } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { createCache as createCacheManager } from "cache-manager";
import { Keyv } from "keyv";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const open: Array<() => unknown> = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0)) await close();
});

/* cache-manager, and with it NestJS, takes a Keyv 5. With a Keyv 6 it does not find its own envelope, over any adapter. */
describe.each([
  ["Keyv writes", true],
  ["the adapter alone keeps", false],
])("FIELD 39: cache-manager over a cache, in a namespace that %s", (_name, useKeyPrefix) => {
  const keyvOf = (cache: Cache<unknown>, namespace: string) =>
    new Keyv({ store: toKeyv(cache), namespace, useKeyPrefix });

  test("loads once for those who ask at once, and again when the ttl is over", async () => {
    const manager = createCacheManager({ stores: [keyvOf(cacheOf(), "a")] });
    const load = vi.fn(async () => ({ name: "Ann" }));
    const wrapped = () => manager.wrap("user", load, 60_000);

    expect(await Promise.all([wrapped(), wrapped()])).toEqual([{ name: "Ann" }, { name: "Ann" }]);
    vi.advanceTimersByTime(59_999);
    expect(await wrapped()).toEqual({ name: "Ann" });
    expect(load).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(2);
    await wrapped();
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("refreshes behind below its threshold", async () => {
    const manager = createCacheManager({ stores: [keyvOf(cacheOf(), "a")], ttl: 10_000, refreshThreshold: 3_000 });
    let version = 0;
    const load = async () => ++version;
    const refreshed = new Promise((resolve) => void manager.on("refresh", resolve));

    expect(await manager.wrap("key", load)).toBe(1);
    vi.advanceTimersByTime(8_000);
    expect(await manager.wrap("key", load)).toBe(1);
    expect(await refreshed).toEqual({ key: "key", value: 2 });
    expect(await manager.wrap("key", load)).toBe(2);
  });

  test("reads, writes and deletes one and many, each with its ttl", async () => {
    const manager = createCacheManager({ stores: [keyvOf(cacheOf(), "a")] });
    await manager.mset<unknown>([
      { key: "a", value: 1, ttl: 1_000 },
      { key: "b", value: { two: [2] } },
      { key: "c", value: false },
    ]);
    await manager.set("d", "four", 1_000);
    expect(await manager.mget(["a", "none", "b", "c", "d"])).toEqual([1, undefined, { two: [2] }, false, "four"]);
    expect(await manager.ttl("a")).toBe(Date.now() + 1_000);
    expect(await manager.ttl("none")).toBeUndefined();

    vi.advanceTimersByTime(1_001);
    expect(await manager.mget(["a", "b", "d"])).toEqual([undefined, { two: [2] }, undefined]);
    await manager.del("b");
    await manager.mdel(["c", "none"]);
    expect(await manager.mget(["b", "c"])).toEqual([undefined, undefined]);
  });

  test("clear() and disconnect() leave another namespace, and the cache, as they are", async () => {
    const cache = cacheOf();
    const mine = createCacheManager({ stores: [keyvOf(cache, "a")] });
    const other = createCacheManager({ stores: [keyvOf(cache, "a:b")] });
    await cache.set("own", "value");
    for (const manager of [mine, other]) await manager.set("key", "value");

    await mine.clear();
    await mine.disconnect();

    expect(await mine.get("key")).toBeUndefined();
    expect(await other.get("key")).toBe("value");
    expect(await cache.get("own")).toBe("value");
  });

  test("fills a first store from a second one", async () => {
    const [first, second] = [keyvOf(cacheOf(), "first"), keyvOf(cacheOf(), "second")];
    const manager = createCacheManager({ stores: [first, second] });
    await second.set("key", "value");
    expect(await manager.wrap("key", async () => "loaded")).toBe("value");
    expect(await first.get("key")).toBe("value");
  });
});

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 1_000 }), ttl: "1h" });
  open.push(() => cache.close());
  return cache;
}
