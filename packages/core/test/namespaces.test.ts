import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../test/support/eventually.js";

const open = () => createCache<number>({ store: memoryStore(), namespace: "shop" });

describe("C37: the children of a cache", () => {
  it("are left out of its counts, unless they are asked for", async () => {
    const cache = open();
    const eu = cache.namespace("eu");
    const berlin = eu.namespace("berlin");
    await cache.getOrSet("a", () => 1);
    await eu.getOrSet("a", () => 1);
    await berlin.getOrSet("a", () => 1);
    await berlin.get("a");
    await berlin.set("b", 1);
    expect(cache.stats()).toMatchObject({ gets: 1, hits: 0, misses: 1, loads: 1, sets: 0 });
    expect(cache.stats({ children: false })).toEqual(cache.stats());
    expect(eu.stats({ children: true })).toMatchObject({ gets: 3, hits: 1, misses: 2, loads: 2, sets: 1 });
    expect(cache.stats({ children: true })).toMatchObject({
      gets: 4,
      hits: 1,
      misses: 3,
      loads: 3,
      tiers: { memory: 1 },
    });
    expect(berlin.stats({ children: true })).toEqual(berlin.stats());
  });

  it("are listed by name, with theirs, each once", () => {
    const cache = open();
    expect(cache.namespaces()).toEqual([]);
    const eu = cache.namespace("eu");
    const held = [eu, cache.namespace("us"), eu.namespace("berlin"), cache.namespace("eu"), cache.namespace("europe")];
    expect(cache.namespaces()).toEqual(["eu", "us", "eu/berlin", "europe"]);
    expect(eu.namespaces()).toEqual(["berlin"]);
    expect(held).toHaveLength(5);
  });

  it("of one name count together", async () => {
    const cache = open();
    const [one, other] = [cache.namespace("eu"), cache.namespace("eu")];
    await one.set("a", 1);
    await other.get("a");
    expect(one.stats()).toEqual(other.stats());
    expect(one.stats()).toMatchObject({ sets: 1, hits: 1 });
    expect(cache.stats({ children: true })).toMatchObject({ sets: 1, hits: 1 });
  });

  it("that nobody holds any more leave their counts and not their names", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const cache = open();
    const kept = cache.namespace("kept");
    const useOne = async (name: string, parent: Cache<number>): Promise<void> => {
      await parent.namespace(name).set("a", 1);
    };
    for (let user = 0; user < 100; user += 1) await useOne(`user-${user}`, user % 2 === 0 ? cache : kept);
    expect(cache.namespaces()).toContain("kept");
    const look = async (): Promise<number> => {
      collect();
      return cache.namespaces().length;
    };
    await eventually(look, (count) => count < 20);
    expect(cache.namespaces()).toContain("kept");
    expect(cache.stats({ children: true }).sets).toBe(100);
    expect(kept.stats({ children: true }).sets).toBe(50);
    expect(cache.stats().sets).toBe(0);
  });
});
