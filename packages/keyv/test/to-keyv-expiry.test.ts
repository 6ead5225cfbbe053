import { type Cache, createCache } from "@granary/core";
import { type KeyvAdapter, toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { Keyv } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keyvs } from "./support/keyvs.js";

const open: Array<() => unknown> = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0)) await close();
});

describe("FIELD 40: an expiry that has passed leaves nothing", () => {
  test.each([-1, -0.5, -1e12, Number.NEGATIVE_INFINITY])("a ttl of %d, as Keyv 5 gives it", async (ttl) => {
    const keyv = new Keyv({ store: toKeyv(cacheOf()) });
    await keyv.set("key", "old");
    expect(await keyv.set("key", "new", ttl)).toBe(true);
    expect(await keyv.get("key")).toBeUndefined();
    expect(await keyv.has("key")).toBe(false);
  });

  test.each([-1, -1e12, Number.NEGATIVE_INFINITY])("a ttl of %d, given to the adapter", async (ttl) => {
    const adapter = toKeyv(cacheOf());
    await adapter.set("key", "old");
    await adapter.set("other", "old");
    expect(await adapter.set("key", "new", ttl)).toBe(true);
    expect(await adapter.get("key")).toBeUndefined();
    expect(await adapter.setMany([{ key: "other", value: "new", ttl }])).toEqual([true]);
    expect(await adapter.getMany(["key", "other"])).toEqual([undefined, undefined]);
  });

  test.each([0, 1, -1])("an instant of %d, or one a while ago, as Keyv 6 gives it", async (instant) => {
    const adapter = toKeyv(cacheOf(), { version: 6 });
    for (const expires of [instant, Date.now() - 1, Date.now()]) {
      await adapter.set("key", "old");
      expect(await adapter.set("key", "new", expires)).toBe(true);
      expect(await adapter.get("key")).toBeUndefined();
      await adapter.set("key", "old");
      expect(await adapter.setMany([{ key: "key", value: "new", expires }])).toEqual([true]);
      expect(await adapter.get("key")).toBeUndefined();
    }
  });

  test("setRaw of Keyv 6 with an instant that has passed", async () => {
    const keyv = new Keyv6({ store: toKeyv(cacheOf()) });
    await keyv.set("key", "old");
    await keyv.setRaw("key", { value: "new", expires: Date.now() - 1 });
    expect(await keyv.get("key")).toBeUndefined();
  });

  test("an item of a batch whose time has passed goes, and the others stay", async () => {
    const keyv = new Keyv({ store: toKeyv(cacheOf()) });
    await keyv.set("gone", "old");
    const items = [
      { key: "gone", value: "new", ttl: -1 },
      { key: "short", value: "new", ttl: 1_000 },
      { key: "open", value: "new" },
    ];
    expect(await keyv.setMany(items)).toEqual([true, true, true]);
    expect(await keyv.getMany(["gone", "short", "open"])).toEqual([undefined, "new", "new"]);
    vi.advanceTimersByTime(1_000);
    expect(await adapterOf(keyv).getMany(["keyv:gone", "keyv:short"])).toEqual([undefined, undefined]);
    expect(await keyv.get("open")).toBe("new");
  });
});

describe.each(keyvs)("%s: what it says of time holds", (_name, openKeyv) => {
  test("a ttl is kept to the millisecond, whatever the jitter of the cache", async () => {
    const keyv = openKeyv({ store: toKeyv(cacheOf()) });
    for (let n = 0; n < 20; n += 1) await keyv.set(`key ${n}`, "value", 60_000);
    await keyv.setMany([{ key: "many", value: "value", ttl: 60_000 }]);
    const keys = ["many", ...Array.from({ length: 20 }, (_, n) => `key ${n}`)];
    vi.advanceTimersByTime(59_999);
    expect(new Set(await keyv.getMany(keys))).toEqual(new Set(["value"]));
    vi.advanceTimersByTime(2);
    expect(new Set(await keyv.getMany(keys))).toEqual(new Set([undefined]));
  });

  test.each([undefined, 0, Number.NaN])("a ttl of %s is none: the cache says how long", async (ttl) => {
    const keyv = openKeyv({ store: toKeyv(cacheOf()) });
    await keyv.set("key", "old", 1);
    expect(await keyv.set("key", "value", ttl)).toBe(true);
    await keyv.setMany([{ key: "many", value: "value", ...(ttl !== undefined && { ttl }) }]);
    vi.advanceTimersByTime(3_000_000);
    expect(await keyv.getMany(["key", "many"])).toEqual(["value", "value"]);
    vi.advanceTimersByTime(600_001);
    expect(await keyv.getMany(["key", "many"])).toEqual([undefined, undefined]);
  });
});

test("a ttl without an end keeps a value of Keyv 5 for as long as the cache does", async () => {
  const keyv = new Keyv({ store: toKeyv(cacheOf()) });
  await keyv.set("key", "value", Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(1e11);
  expect(await keyv.get("key")).toBe("value");
});

test("of one key twice in a batch the last is kept, whatever the ttl of the two", async () => {
  const adapter = toKeyv(cacheOf());
  const answers = await adapter.setMany([
    { key: "key", value: "first", ttl: 1_000 },
    { key: "key", value: "last" },
    { key: "gone", value: "first" },
    { key: "gone", value: "last", ttl: -1 },
    { key: "back", value: "first", ttl: -1 },
    { key: "back", value: "last" },
  ]);
  expect(answers).toEqual([true, true, true, true, true, true]);
  vi.advanceTimersByTime(2_000);
  expect(await adapter.getMany(["key", "gone", "back"])).toEqual(["last", undefined, "last"]);
});

test("C45: a batch of 60,000 is done whole, with one ttl for most and one of its own for many", async () => {
  const adapter = toKeyv(cacheOf());
  const items = Array.from({ length: 60_000 }, (_, n) => ({ key: `${n}`, value: n, ttl: n < 58_000 ? 1_000 : n }));
  expect(await adapter.setMany(items)).toEqual(items.map(() => true));
  const keys = items.map(({ key }) => key);
  expect(await adapter.getMany(keys)).toEqual(items.map(({ value }) => value));
  expect(await adapter.deleteMany(keys)).toBe(true);
});

function adapterOf(keyv: Keyv): KeyvAdapter {
  return keyv.store as KeyvAdapter;
}

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 60_000 }), ttl: "1h" });
  open.push(() => cache.close());
  return cache;
}
