import { type Cache, createCache } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { Keyv } from "keyv";
import { Keyv as Keyv6, KeyvBridgeAdapter } from "keyv-6";
import { afterEach, describe, expect, test } from "vitest";

const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

describe("FIELD 39: an adapter of Keyv 6, without a Keyv", () => {
  test("keeps one and many, and answers for each", async () => {
    const adapter = toKeyv(cacheOf(), { version: 6 });
    expect(await adapter.set("a", { one: 1 })).toBe(true);
    expect(
      await adapter.setMany([
        { key: "b", value: "two" },
        { key: "c", value: null },
      ]),
    ).toEqual([true, true]);
    expect(await adapter.getMany(["a", "none", "b", "c"])).toEqual([{ one: 1 }, undefined, "two", null]);
    expect(await adapter.hasMany(["a", "none", "c"])).toEqual([true, false, true]);
    expect(await adapter.deleteMany(["a", "none", "c"])).toEqual([true, false, true]);
    expect(await adapter.deleteMany(["a", "none"])).toEqual([false, false]);
    expect(await adapter.delete("b")).toBe(true);
    expect(await adapter.delete("b")).toBe(false);
    expect(await adapter.has("b")).toBe(false);
  });

  test("answers for no keys", async () => {
    const adapter = toKeyv(cacheOf(), { version: 6 });
    expect(await adapter.getMany([])).toEqual([]);
    expect(await adapter.hasMany([])).toEqual([]);
    expect(await adapter.deleteMany([])).toEqual([]);
    expect(await adapter.setMany([])).toEqual([]);
  });

  test("keeps, walks and clears each namespace apart, and has none at first", async () => {
    const adapter = toKeyv(cacheOf(), { version: 6 });
    expect(adapter.namespace).toBeUndefined();
    await adapter.set("key", "in none");
    adapter.namespace = "a";
    expect(adapter.namespace).toBe("a");
    await adapter.set("key", "in a");
    await adapter.set("b:key", "in a too");
    adapter.namespace = "a:b";
    await adapter.set("key", "in a:b");

    expect(await itemsOf(adapter.iterator("a"))).toEqual([
      ["b:key", "in a too"],
      ["key", "in a"],
    ]);
    expect(await itemsOf(adapter.iterator())).toEqual([["key", "in a:b"]]);
    adapter.namespace = "a";
    await adapter.clear();
    expect(await itemsOf(adapter.iterator())).toEqual([]);
    adapter.namespace = "a:b";
    expect(await adapter.get("key")).toBe("in a:b");
    adapter.namespace = undefined;
    expect(adapter.namespace).toBeUndefined();
    expect(await adapter.get("key")).toBe("in none");
  });
});

test("Keyv 6 takes the adapter as it is, and Keyv 5 and who looks at it leave it one of Keyv 5", async () => {
  const adapter = toKeyv(cacheOf());
  expect(JSON.stringify(adapter)).not.toContain("expires");
  new Keyv({ store: adapter });
  expect(await adapter.deleteMany(["none"])).toBe(false);

  expect(new Keyv6({ store: adapter }).store).toBe(adapter);
  expect(await adapter.deleteMany(["none"])).toEqual([false]);
  expect(new Keyv6({ store: toKeyv(cacheOf(), { version: 5 }) }).store).toBeInstanceOf(KeyvBridgeAdapter);
});

async function itemsOf(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all.sort((one, other) => (String(one) < String(other) ? -1 : 1));
}

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 1_000 }) });
  open.push(() => cache.close());
  return cache;
}
