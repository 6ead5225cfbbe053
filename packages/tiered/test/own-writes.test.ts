import { type CacheBus, type CacheEntry, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { cutLine } from "./support/cut-line.js";

/** A node whose far tier cannot be reached, and whose bus says when the test says that it may have missed something. */
function lostNode() {
  const [clock, line] = [manualClock(), cutLine()];
  const gaps: Array<() => void> = [];
  const bus: CacheBus = {
    name: "deaf",
    publish: () => {},
    subscribe: (listener) => {
      gaps.push(listener.gap);
      listener.gap();
      return () => {};
    },
  };
  const far = farStore({ clock });
  const store = tiered({ l1: memoryStore({ clock }), l2: far.connect({ line }), bus });
  const cache = createCache<string>({ store, jitter: false });
  cache.on("error", () => {});
  const gap = (): void => {
    for (const tell of gaps) tell();
  };
  line.state = "cut";
  return { cache, clock, line, gap, far: far.connect() };
}

describe("C7: what a node wrote itself while far was away", () => {
  test("is still read in the instant after it, when the bus says then that it hears nothing", async () => {
    const { cache, gap } = lostNode();
    expect(await cache.set("k", "mine")).toBe(false);
    gap();
    expect(await cache.get("k")).toBe("mine");
    expect(await cache.has("k")).toBe(true);
    expect(await cache.getOrSet("k", () => "loaded")).toBe("mine");
  });

  test("is still read with many others", async () => {
    const { cache, gap } = lostNode();
    expect(
      await cache.setMany([
        ["1", "one"],
        ["2", "two"],
      ]),
    ).toBe(false);
    gap();
    expect([...(await cache.getMany(["1", "2", "3"]))]).toEqual([
      ["1", "one"],
      ["2", "two"],
    ]);
  });

  test("C20: is not given as fresh two seconds later, since others may have changed it unheard", async () => {
    const { cache, clock, gap } = lostNode();
    await cache.set("k", "mine");
    await clock.advance(2_000);
    gap();
    expect(await cache.get("k")).toBeUndefined();
    expect((await cache.getMany(["k"])).size).toBe(0);
    expect((await cache.entry("k"))?.value).toBe("mine");
  });

  test("gives way to a later deletion here, and to an invalidation", async () => {
    const { cache, gap } = lostNode();
    await cache.set("k", "mine");
    await cache.set("t", "mine", { tags: ["tag"] });
    await cache.delete("k");
    await cache.invalidateTags("tag");
    gap();
    expect(await cache.get("k")).toBeUndefined();
    expect(await cache.get("t")).toBeUndefined();
  });
});

test("what a node loads while a far store of three verbs is away is loaded once, and is for this node alone", async () => {
  const [clock, held] = [manualClock(), new Map<string, CacheEntry>()];
  let isAway = true;
  const answer = async <T>(step: () => T): Promise<T> => {
    if (isAway) throw new Error("away");
    return step();
  };
  const l2: CacheStore = {
    name: "three verbs",
    clock,
    get: (key) => answer(() => held.get(key)),
    set: (key, entry) => answer(() => void held.set(key, entry)),
    delete: (key) => answer(() => held.delete(key)),
  };
  const open = () => createCache<number>({ store: tiered({ l1: memoryStore({ clock }), l2 }) });
  const [one, other] = [open(), open()];
  one.on("error", () => {});
  let loads = 0;
  const load = (): number => (loads += 1);
  expect([await one.getOrSet("k", load), await one.getOrSet("k", load)]).toEqual([1, 1]);
  // Nobody knows what was invalidated before this load, which far takes.
  const loadUntilBack = (): number => {
    isAway = false;
    return load();
  };
  expect([await one.getOrSet("last", loadUntilBack), await one.get("last")]).toEqual([2, 2]);
  expect(held.has("granary:v1:default:last")).toBe(true);
  expect(await other.get("last")).toBeUndefined();
  await Promise.all([one.close(), other.close()]);
});
