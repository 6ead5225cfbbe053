import { type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { manualClock, nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

/** Three verbs over a map, in the turn or behind it. */
function mapStore(kind: "at once" | "later"): CacheStore {
  const map = new Map();
  const later = <T>(value: T): T | Promise<T> => (kind === "later" ? nextTurn().then(() => value) : value);
  return {
    name: `map ${kind}`,
    get: (key) => later(map.get(key)),
    set: (key, entry) => later(void map.set(key, entry)),
    delete: (key) => later(map.delete(key)),
  };
}

const STORES: Record<string, () => CacheStore> = {
  memory: () => memoryStore(),
  "three verbs, at once": () => mapStore("at once"),
  "three verbs, later": () => mapStore("later"),
};

describe.each(Object.entries(STORES))("tags on %s", (_, store) => {
  it("take with them what carries them, and nothing else", async () => {
    const { cache } = stillCache<number>({ store: store() });
    await cache.set("a", 1, { tags: ["x", "y"] });
    await cache.set("b", 2, { tags: ["y"] });
    await cache.set("c", 3);
    await cache.getOrSet("d", ({ setTags }) => (setTags(["x"]), 4));
    expect(await cache.invalidateTags("x", "unused")).toBe(true);
    expect([await cache.get("a"), await cache.get("b"), await cache.get("c"), await cache.get("d")]).toEqual([
      undefined,
      2,
      3,
      undefined,
    ]);
    expect(await cache.has("a")).toBe(false);
    expect(await cache.entry("a")).toBeUndefined();
  });

  it("leave alone what is written after them, in the same instant", async () => {
    const { cache } = stillCache<number>({ store: store() });
    for (let round = 0; round < 50; round += 1) {
      await cache.set("a", round, { tags: ["x"] });
      expect(await cache.get("a")).toBe(round);
      await cache.invalidateTags("x");
      expect(await cache.get("a")).toBeUndefined();
      expect(await cache.getOrSet("a", () => round, { tags: ["x"] })).toBe(round);
      expect(await cache.get("a")).toBe(round);
      await cache.clear();
      expect(await cache.get("a")).toBeUndefined();
    }
  });

  it("belong to their namespace and its children", async () => {
    const given = store();
    const parent = createCache<number>({ store: given, namespace: "parent" });
    const [child, stranger] = [parent.namespace("child"), createCache<number>({ store: given, namespace: "stranger" })];
    const all = [parent, child, stranger];
    const fill = (): Promise<unknown> => Promise.all(all.map((cache) => cache.set("a", 1, { tags: ["x"] })));
    const there = (): Promise<boolean[]> => Promise.all(all.map((cache) => cache.has("a")));
    await fill();
    await child.invalidateTags("x");
    expect(await there()).toEqual([true, false, true]);
    await fill();
    await parent.invalidateTags("x");
    expect(await there()).toEqual([false, false, true]);
    await fill();
    await child.clear();
    expect(await there()).toEqual([true, false, true]);
    await fill();
    await parent.clear();
    expect(await there()).toEqual([false, false, true]);
  });

  it("beat a load that began before, whatever tags it names at its end", async () => {
    const { cache } = stillCache<string>({ store: store() });
    const [started, loading] = [gate(), gate<string>()];
    const call = cache.getOrSet("a", async ({ setTags }) => {
      started.open();
      const value = await loading.promise;
      setTags(["x"]);
      return value;
    });
    await started.promise;
    await cache.invalidateTags("x");
    const second = cache.getOrSet("a", () => "new", { tags: ["x"] });
    loading.open("old");
    expect(await call).toBe("old");
    expect(await second).toBe("new");
    expect(await cache.get("a")).toBe("new");
  });

  it("that were invalidated are not served as stale when the origin is down, nor is what was cleared", async () => {
    const { cache } = stillCache<number>({ store: store(), staleIfError: "1h" });
    const fail = (): Promise<number> => Promise.reject(new Error("down"));
    await cache.set("a", 1, { tags: ["x"] });
    await cache.invalidateTags("x");
    await expect(cache.getOrSet("a", fail)).rejects.toThrow("down");
    await cache.set("a", 1);
    await cache.clear();
    await expect(cache.getOrSet("a", fail)).rejects.toThrow("down");
    await cache.set("a", 1);
    await cache.delete("a");
    await expect(cache.getOrSet("a", fail)).rejects.toThrow("down");
  });
});

describe("tags", () => {
  it("that are no texts are refused", async () => {
    const { cache } = stillCache<number>();
    for (const tags of [[""], [1], "x", [undefined]]) {
      await expect(cache.set("a", 1, { tags: tags as never })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    }
    await expect(cache.invalidateTags(5 as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(cache.getOrSet("a", ({ setTags }) => (setTags([""]), 1))).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
    expect(await cache.invalidateTags([])).toBe(true);
  });

  it("take nothing from the life of an entry", async () => {
    const clock = manualClock();
    const { cache } = stillCache<number>({ clock, store: memoryStore({ clock }), ttl: Number.POSITIVE_INFINITY });
    await cache.set("a", 1, { tags: ["x"] });
    await cache.set("b", 1);
    expect(await cache.ttl("a")).toBe(Number.POSITIVE_INFINITY);
    await clock.advance(365 * 86_400_000);
    expect(await cache.get("a")).toBe(1);
    await cache.invalidateTags("x");
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.get("b")).toBe(1);
  });

  it("of fifty thousand kinds are forgotten at the cost of entries, never in their favour", async () => {
    const { cache } = stillCache<number>();
    await cache.set("old", 1, { tags: ["first"] });
    await cache.set("plain", 1);
    await cache.invalidateTags("first");
    for (let tag = 0; tag < 50_000; tag += 1_000) {
      await cache.invalidateTags(...Array.from({ length: 1_000 }, (_, at) => `t${tag + at}`));
    }
    expect(await cache.get("old")).toBeUndefined();
    expect(await cache.get("plain")).toBe(1);
    await cache.set("young", 1, { tags: ["first"] });
    expect(await cache.get("young")).toBe(1);
  });

  it("hold with a clock that is set back an hour", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1d" });
    await cache.set("a", 1, { tags: ["x"] });
    clock.set(clock.now() - 3_600_000);
    await cache.invalidateTags("x");
    expect(await cache.get("a")).toBeUndefined();
    await cache.set("a", 2, { tags: ["x"] });
    expect(await cache.get("a")).toBe(2);
    clock.set(clock.now() - 3_600_000);
    await cache.clear();
    expect(await cache.get("a")).toBeUndefined();
  });
});
