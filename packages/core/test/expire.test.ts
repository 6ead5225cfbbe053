import { type CacheEntry, type CacheStore, CLOCK_ERROR_MS } from "@granary/core";
import { describe, expect, test } from "vitest";
import { expireIn } from "../src/expire.js";

const NOW = 1_000_000;
const ENTRY: CacheEntry = { value: 1, createdAt: 0, freshUntil: NOW + 5_000, keepUntil: NOW + 60_000, tags: ["a"] };

function threeVerbs(entry?: CacheEntry) {
  const held = new Map(entry === undefined ? [] : [["k", entry]]);
  const asked: string[] = [];
  const store: CacheStore = {
    name: "three verbs",
    get: (key) => held.get(key),
    set: (key, given) => {
      asked.push("set");
      held.set(key, given);
    },
    delete: (key) => {
      asked.push("delete");
      return held.delete(key);
    },
  };
  return { store, asked, read: () => held.get("k") };
}

describe("an entry that is made stale in a store of three verbs", () => {
  test("is kept for as long as it may be served, and no longer than it would have been", async () => {
    for (const [staleMs, keepUntil] of [
      [10_000, NOW + 10_000],
      [1_000_000, NOW + 60_000],
    ] as const) {
      const { store, read, asked } = threeVerbs(ENTRY);
      expect(await expireIn(store, "k", { now: NOW, staleMs })).toBe(true);
      expect(read()).toEqual({ ...ENTRY, tier: undefined, freshUntil: NOW - CLOCK_ERROR_MS, keepUntil });
      expect(asked).toEqual(["set"]);
    }
  });

  test("is looked at and written to at once where the store answers at once", () => {
    expect(expireIn(threeVerbs(ENTRY).store, "k", { now: NOW, staleMs: 10_000 })).toBe(true);
  });

  test("keeps the generations that it had, by which an invalidation between the look and the write meets it", async () => {
    const { store } = threeVerbs({ ...ENTRY, generations: "e.1" });
    const given: unknown[] = [];
    const set: CacheStore["set"] = (_key, _entry, options) => void given.push(options?.generations);
    await expireIn({ ...store, set }, "k", { now: NOW, staleMs: 10_000 });
    expect(given).toEqual(["e.1"]);
  });

  test("was not fresh before, and stays as stale as it was", async () => {
    const stale = { ...ENTRY, freshUntil: NOW - 1_000 };
    const { store, read } = threeVerbs(stale);
    expect(await expireIn(store, "k", { now: NOW, staleMs: 10_000 })).toBe(false);
    expect(read()).toMatchObject({ freshUntil: NOW - 1_000, keepUntil: NOW + 10_000 });
  });

  test("is deleted where no stale value may be served, or nothing is there", async () => {
    const { store, read, asked } = threeVerbs(ENTRY);
    expect(await expireIn(store, "k", { now: NOW, staleMs: 0 })).toBe(true);
    expect(await expireIn(store, "k", { now: NOW, staleMs: 10_000 })).toBe(false);
    expect([read(), asked]).toEqual([undefined, ["delete", "delete"]]);
  });
});

test("a store that has a step of its own for it is asked for that alone", async () => {
  const { store, asked, read } = threeVerbs(ENTRY);
  const terms: unknown[] = [];
  const able: CacheStore = { ...store, expire: (...given) => terms.push(given) > 0 };
  expect(await expireIn(able, "k", { now: NOW, staleMs: 7 })).toBe(true);
  expect([terms, asked, read()]).toEqual([[["k", { now: NOW, staleMs: 7 }]], [], ENTRY]);
});
