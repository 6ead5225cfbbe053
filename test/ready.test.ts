import { type Cache, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, localHub } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";

type Ready = NonNullable<CacheStore["ready"]>;

const moods: ReadonlyArray<readonly [mood: string, ready: Ready, code: string]> = [
  ["rejects", () => Promise.reject(new Error("not ready")), "STORE_FAILED"],
  [
    "throws at once",
    () => {
      throw new Error("not ready");
    },
    "STORE_FAILED",
  ],
  ["never answers", () => new Promise<void>(() => {}), "STORE_TIMEOUT"],
];

const far = (ready: Ready): CacheStore => farStore().connect({ ready });
const near = (ready: Ready): CacheStore => ({ ...memoryStore(), ready });

const stores: ReadonlyArray<readonly [name: string, open: (ready: Ready) => CacheStore]> = [
  ["a remote store", far],
  ["a store that says that it cannot hang", near],
  ["a pair of tiers over a remote store", (ready) => tiered({ l1: memoryStore(), l2: far(ready) })],
  ["a pair of tiers with a bus", (ready) => tiered({ l1: memoryStore(), l2: far(ready), bus: localHub().bus("a") })],
  ["a pair of tiers over one that says that it cannot hang", (ready) => tiered({ l1: memoryStore(), l2: near(ready) })],
  ["three tiers", (ready) => tiered({ l1: memoryStore(), l2: tiered({ l1: memoryStore(), l2: far(ready) }) })],
];

type Ask = (cache: Cache<string>) => Promise<unknown>;

const calls: ReadonlyArray<readonly [name: string, ask: Ask, gives: unknown]> = [
  ["getOrSet", (cache) => cache.getOrSet("a", () => "loaded"), "loaded"],
  ["getOrSet without a lease", (cache) => cache.getOrSet("a", () => "loaded", { lease: false }), "loaded"],
  ["getOrSetMany", async (cache) => [...(await cache.getOrSetMany(["a"], () => ["loaded"]))], [["a", "loaded"]]],
  ["get", (cache) => cache.get("a"), undefined],
  ["getMany", async (cache) => (await cache.getMany(["a"])).size, 0],
  ["has", (cache) => cache.has("a"), false],
  ["set", (cache) => cache.set("a", "set"), true],
  ["setMany", (cache) => cache.setMany([["a", "set"]]), true],
  ["delete", (cache) => cache.delete("a"), false],
  ["deleteMany", (cache) => cache.deleteMany(["a"]), 0],
  ["expire", (cache) => cache.expire("a"), false],
  ["invalidateTags", (cache) => cache.invalidateTags("tag"), true],
  ["clear", (cache) => cache.clear(), true],
];

function cacheOn(store: CacheStore, onStoreError: "ignore" | "throw"): { cache: Cache<string>; told: string[] } {
  const cache = createCache<string>({ store, onStoreError });
  const told: string[] = [];
  cache.on("error", ({ operation }) => told.push(operation));
  onTestFinished(() => cache.close());
  return { cache, told };
}

/** Calls that wait until the store is ready. In tiers a read may have done so already, and told of it. */
const WAITING = /^(getOrSet|set|invalidateTags|clear)/;

describe.each(stores)("FIELD 41: ready() of %s is a call like any other:", (_store, open) => {
  test.each(moods)("one that %s is told of, and no call hangs or gives a raw error", async (_mood, ready, code) => {
    const ignored = calls.map(async ([name, ask, gives]) => {
      const { cache, told } = cacheOn(open(ready), "ignore");
      expect([name, await ask(cache)]).toEqual([name, gives]);
      if (WAITING.test(name)) expect([name, told]).toEqual([name, expect.arrayContaining(["ready"])]);
    });
    const thrown = calls.map(async ([name, ask, gives]) => {
      const { cache, told } = cacheOn(open(ready), "throw");
      const outcome = await ask(cache).catch((error: { code?: string }) => error.code ?? error);
      expect([
        [name, gives],
        [name, code],
      ]).toContainEqual([name, outcome]);
      if (WAITING.test(name)) expect([name, told]).toEqual([name, expect.arrayContaining(["ready"])]);
    });
    await Promise.all([...ignored, ...thrown]);
    expect(ignored.length + thrown.length).toBe(2 * calls.length);
  });
});

test("FIELD 41: a store that does not say that it is ready is waited for once, and again when it has answered", async () => {
  let asked = 0;
  let answer: () => void = () => {};
  const ready = (): Promise<void> => {
    asked += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  const { cache } = cacheOn(far(ready), "ignore");
  await cache.set("a", "1");
  await cache.set("a", "2");
  await cache.set("a", "3");
  expect(asked).toBe(1);
  answer();
  await cache.get("a");
  const setting = cache.set("a", "4");
  expect(asked).toBe(2);
  answer();
  expect(await setting).toBe(true);
});
