import { cachified } from "@epic-web/cachified";
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { createCache as createCacheManager } from "cache-manager";
import { Cacheable } from "cacheable";
import { Keyv } from "keyv";
import { LRUCache } from "lru-cache";
import { describe, expect, test, vi } from "vitest";

// What docs/migrate.md says of how other libraries behave, on the versions that are installed here.

const failing = async (): Promise<never> => {
  throw new Error("origin down");
};

describe("cache-manager, as docs/migrate.md says", () => {
  const cache = createCacheManager();

  test("a ttl of 0 is for ever, undefined is loaded each time, and null is a value", async () => {
    await cache.set("zero", 1, 0);
    expect(await cache.ttl("zero")).toBeUndefined();
    expect(await cache.get("zero")).toBe(1);
    const nothing = vi.fn(async () => undefined);
    for (let call = 0; call < 2; call++) await cache.wrap("nothing", nothing);
    expect(nothing).toHaveBeenCalledTimes(2);
    const none = vi.fn(async () => null);
    for (let call = 0; call < 2; call++) await cache.wrap("none", none);
    expect(none).toHaveBeenCalledTimes(1);
  });

  test("ttl() is an instant, set gives the value, and del is true of what was not there", async () => {
    const before = Date.now();
    expect(await cache.set("a", 5, 60_000)).toBe(5);
    expect(await cache.ttl("a")).toBeGreaterThanOrEqual(before + 60_000);
    expect(await cache.del("nothing here")).toBe(true);
  });
});

describe("bentocache, as docs/migrate.md says", () => {
  const cache = new BentoCache({ default: "memory", stores: { memory: bentostore().useL1Layer(memoryDriver({})) } });

  test("undefined is an error, and a factory's error is wrapped", async () => {
    await expect(cache.getOrSet({ key: "nothing", factory: () => undefined })).rejects.toMatchObject({
      code: "E_UNDEFINED_VALUE",
    });
    await expect(cache.getOrSet({ key: "failing", factory: failing })).rejects.toMatchObject({
      code: "E_FACTORY_ERROR",
      cause: { message: "origin down" },
    });
  });

  test("delete is true of what was not there, and a date comes back as text", async () => {
    expect(await cache.delete({ key: "nothing here" })).toBe(true);
    await cache.set({ key: "date", value: { at: new Date(0) } });
    expect(await cache.get({ key: "date" })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });
});

test("cacheable gives undefined where a loader throws, as docs/migrate.md says", async () => {
  const cache = new Cacheable();
  cache.on("error", () => undefined);
  expect(await cache.getOrSet("failing", failing)).toBeUndefined();
  await expect(cache.getOrSet("failing", failing, { throwErrors: true })).rejects.toThrow("origin down");
  await cache.set("zero", 1, 0);
  expect((await cache.getRaw("zero"))?.expires).toBeUndefined();
});

test("Keyv keeps for ever with a ttl of 0, and clear() empties its whole Map, as docs/migrate.md says", async () => {
  const store = new Map();
  const [one, other] = [new Keyv({ store, namespace: "one" }), new Keyv({ store, namespace: "other" })];
  await one.set("a", { at: new Date(0) }, 0);
  expect(await one.getRaw("a")).toEqual({ value: { at: "1970-01-01T00:00:00.000Z" } });
  await other.set("a", 1);
  await one.clear();
  expect(await other.get("a")).toBeUndefined();
});

test("cachified stores undefined, and falls back only where a load is forced, as docs/migrate.md says", async () => {
  const cache = new Map();
  const nothing = vi.fn(async () => undefined);
  for (let call = 0; call < 2; call++) await cachified({ key: "nothing", cache, getFreshValue: nothing });
  expect(nothing).toHaveBeenCalledTimes(1);
  const old = { metadata: { createdTime: 0, ttl: 1 }, value: "old" };
  cache.set("a", old);
  await expect(cachified({ key: "a", cache, ttl: 1, getFreshValue: failing })).rejects.toThrow("origin down");
  cache.set("a", old);
  expect(await cachified({ key: "a", cache, ttl: 1, forceFresh: true, getFreshValue: failing })).toBe("old");
});

test("lru-cache keeps for ever with a ttl of 0, and has no undefined, as docs/migrate.md says", () => {
  const cache = new LRUCache<string, number>({ max: 5, ttl: 0 });
  cache.set("a", 1);
  expect(cache.getRemainingTTL("a")).toBe(Infinity);
  cache.set("a", undefined);
  expect(cache.has("a")).toBe(false);
});
