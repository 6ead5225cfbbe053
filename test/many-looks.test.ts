import { type Cache, type CacheOptions, type CacheStore, createCache, type Id } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type ManualClock, manualClock, nextTurn } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { type GatedStore, gatedStore, signal } from "./support/gated-store.js";

interface Held {
  readonly cache: Cache<string>;
  readonly clock: ManualClock;
  readonly gated: GatedStore;
  /** The ids of each call of `load`. */
  readonly asked: Id[][];
  readonly load: (ids: readonly Id[]) => string[];
}

function heldCache(
  options: Partial<CacheOptions<string>> = {},
  change: (store: CacheStore) => object = () => ({}),
): Held {
  const clock = manualClock();
  const memory = memoryStore({ clock });
  const gated = gatedStore({ ...memory, ...change(memory) });
  const cache = createCache<string>({ store: gated.store, clock, jitter: false, ...options });
  const asked: Id[][] = [];
  const load = (ids: readonly Id[]): string[] => {
    asked.push([...ids]);
    return ids.map((id) => `loaded ${id}`);
  };
  return { cache, clock, gated, asked, load };
}

const unwanted = (): never => expect.fail("nobody is to load");

describe("while many are looked for, and were found already,", () => {
  const CHANGES: Readonly<Record<string, [change: (cache: Cache<string>) => Promise<unknown>, values: object]>> = {
    "a delete": [(cache) => cache.delete("a"), { a: "loaded a", b: "old b" }],
    "an expiry": [(cache) => cache.expire("a"), { a: "loaded a", b: "old b" }],
    "a tag": [(cache) => cache.invalidateTags("x"), { a: "loaded a", b: "loaded b" }],
    "a clear": [(cache) => cache.clear(), { a: "loaded a", b: "loaded b" }],
    "a newer value": [(cache) => cache.set("a", "newer"), { a: "newer", b: "old b" }],
  };

  test.each(Object.entries(CHANGES))("%s wins", async (_, [change, values]) => {
    const { cache, gated, load } = heldCache();
    for (const id of ["a", "b"]) await cache.set(id, `old ${id}`, { tags: ["x"] });
    const reading = gated.hold("many.get", "after");
    const many = cache.getOrSetMany(["a", "b"], load);
    await reading.reached;
    await change(cache);
    reading.release();
    expect(Object.fromEntries(await many)).toEqual(values);
    expect(Object.fromEntries(await cache.getMany(["a", "b"]))).toEqual(values);
  });

  test("a delete by whoever hears of a hit beside it wins", async () => {
    const { cache, load } = heldCache();
    for (const id of ["a", "b"]) await cache.set(id, `old ${id}`);
    cache.on("hit", ({ key }) => void (key.endsWith("a") && cache.delete("b")));
    expect(Object.fromEntries(await cache.getOrSetMany(["a", "b"], load))).toEqual({ a: "old a", b: "loaded b" });
  });
});

describe("a look at many", () => {
  test("is shared by single calls and other batches, and the first who came loads what is missing", async () => {
    const { cache, gated, asked, load } = heldCache();
    await cache.set("a", "old a");
    const reading = gated.hold("many.get", "after");
    const many = cache.getOrSetMany(["a", "b", "c"], load);
    await reading.reached;
    const singles = ["a", "b"].map((id) => cache.getOrSet(id, unwanted));
    const other = cache.getOrSetMany(["c", "a", "d"], (ids) => ids.map((id) => `other ${id}`));
    reading.release();
    expect(Object.fromEntries(await many)).toEqual({ a: "old a", b: "loaded b", c: "loaded c" });
    expect(await Promise.all(singles)).toEqual(["old a", "loaded b"]);
    expect(Object.fromEntries(await other)).toEqual({ c: "loaded c", a: "old a", d: "other d" });
    expect(asked).toEqual([["b", "c"]]);
    expect([gated.calls("get"), gated.calls("many.get")]).toEqual([0, 2]);
    expect(cache.stats()).toMatchObject({ gets: 8, hits: 3, misses: 5, loads: 3 });
  });

  test("shares the look of a single call, which loads what is missing", async () => {
    const { cache, gated, asked, load } = heldCache();
    const reading = gated.hold("get", "after");
    const single = cache.getOrSet("a", () => "loaded alone");
    await reading.reached;
    const many = cache.getOrSetMany(["b", "a"], load);
    await nextTurn();
    expect(asked).toEqual([]);
    reading.release();
    expect([await single, Object.fromEntries(await many)]).toEqual([
      "loaded alone",
      { a: "loaded alone", b: "loaded b" },
    ]);
    expect(asked).toEqual([["b"]]);
  });

  test("which is shared makes one load of each key, however fast that is and whoever comes meanwhile", async () => {
    const { cache, gated } = heldCache();
    const loads = new Map<Id, number>();
    const count = (id: Id): string => {
      loads.set(id, (loads.get(id) ?? 0) + 1);
      return `loaded ${id}`;
    };
    const many = (): Promise<unknown> => cache.getOrSetMany(["a", "b", "c"], (ids) => ids.map(count));
    const reading = gated.hold("many.get", "after");
    const calls: Array<Promise<unknown>> = [many()];
    await reading.reached;
    calls.push(
      cache.getOrSet("a", () => count("a")),
      many(),
      cache.getOrSet("c", () => count("c")),
    );
    reading.release();
    for (let ticks = 0; ticks < 30; ticks += 1) {
      calls.push(
        cache.getOrSet("a", () => count("a")),
        many(),
      );
      await Promise.resolve();
    }
    expect((await Promise.all(calls)).length).toBe(64);
    expect(Object.fromEntries(loads)).toEqual({ a: 1, b: 1, c: 1 });
  });

  test("counts and gives an id that comes twice once for each name that it has", async () => {
    const { cache, load, asked } = heldCache();
    await cache.set(1, "old 1");
    expect([...(await cache.getOrSetMany([1, "1", 2, "2", 1], load))]).toEqual([
      [1, "old 1"],
      ["1", "old 1"],
      [2, "loaded 2"],
      ["2", "loaded 2"],
    ]);
    expect(asked).toEqual([[2]]);
    expect(cache.stats()).toMatchObject({ gets: 2, hits: 1, misses: 1 });
  });

  test("that fails makes each of those who share it fail, and none who comes after", async () => {
    const down = new Error("down");
    const reading = signal();
    let calls = 0;
    const get = async (keys: readonly string[]): Promise<readonly undefined[]> => {
      calls += 1;
      await reading.given;
      if (calls === 1) throw down;
      return keys.map(() => undefined);
    };
    const { cache, load } = heldCache({ onStoreError: "throw" }, ({ many }) => ({ many: { ...many, get } }));
    cache.on("error", () => undefined);
    const shared = [
      cache.getOrSetMany(["a", "b"], unwanted),
      cache.getOrSetMany(["b"], unwanted),
      cache.getOrSet("a", unwanted),
    ];
    const outcomes = Promise.allSettled(shared);
    await nextTurn();
    reading.give();
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    for (const call of shared) await expect(call).rejects.toMatchObject({ code: "STORE_FAILED", cause: down });
    expect(calls).toBe(1);
    expect(Object.fromEntries(await cache.getOrSetMany(["a", "b"], load))).toEqual({ a: "loaded a", b: "loaded b" });
    expect(await cache.getOrSet("a", unwanted)).toBe("loaded a");
  });

  test("is left at once by a caller who leaves, and what it finds then is given to nobody who comes later", async () => {
    const { cache, gated, load } = heldCache();
    await cache.set("a", "old a");
    const [reading, leaver] = [gated.hold("many.get", "after"), new AbortController()];
    const many = cache.getOrSetMany(["a", "b"], unwanted, { signal: leaver.signal });
    await reading.reached;
    leaver.abort("enough");
    await expect(many).rejects.toBe("enough");
    reading.release();
    await nextTurn();
    await cache.set("a", "new a");
    expect(await cache.getOrSet("a", unwanted)).toBe("new a");
    expect(Object.fromEntries(await cache.getOrSetMany(["a", "b"], load))).toEqual({ a: "new a", b: "loaded b" });
  });

  test("leaves nothing behind that a later call would share", async () => {
    const { cache, gated, load } = heldCache();
    await cache.set("a", "old a");
    await cache.getOrSetMany(["a", "b"], load);
    await cache.getOrSetMany(["a", "b", "c"], load, { signal: new AbortController().signal });
    await cache.getOrSetMany(["a", "b"], unwanted);
    expect(gated.calls("many.get")).toBe(3);
    await cache.getOrSetMany(["a"], unwanted);
    expect(gated.calls("many.get")).toBe(4);
  });

  test("begins a refresh of what is nearly stale, by one call", async () => {
    const { cache, clock, asked, load } = heldCache({ ttl: "10s", refreshAhead: 0.5 });
    await cache.getOrSetMany(["a", "b"], load);
    await clock.advance(6_000);
    expect(Object.fromEntries(await cache.getOrSetMany(["b", "a"], load))).toEqual({ a: "loaded a", b: "loaded b" });
    await nextTurn();
    expect(asked).toEqual([
      ["a", "b"],
      ["b", "a"],
    ]);
  });

  test("takes its time off the patience for a load", async () => {
    const policy = { ttl: "1s", staleIfError: "1h", softTimeout: "1s" } as const;
    const { cache, clock, gated } = heldCache(policy);
    await cache.set("a", "old a");
    await clock.advance(1_000);
    const [reading, loading] = [gated.hold("many.get", "after"), signal()];
    const many = cache.getOrSetMany(["a"], async () => {
      await loading.given;
      return ["new a"];
    });
    await reading.reached;
    await clock.advance(600);
    reading.release();
    await nextTurn();
    await clock.advance(399);
    let served = "";
    void many.then((values) => {
      served = values.get("a") ?? "";
    });
    await nextTurn();
    expect(served).toBe("");
    await clock.advance(1);
    await nextTurn();
    expect(served).toBe("old a");
    loading.give();
  });
});
