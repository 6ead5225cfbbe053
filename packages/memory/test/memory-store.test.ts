import { type CacheEntry, isCacheError } from "@granary/core";
import { type MemoryStoreOptions, memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { describe, expect, test } from "vitest";

const FOREVER = Number.POSITIVE_INFINITY;

function entry(value: unknown, keepUntil = FOREVER): CacheEntry {
  return { value, createdAt: 0, freshUntil: keepUntil, keepUntil };
}

describe("options", () => {
  const refused: ReadonlyArray<readonly [MemoryStoreOptions, string]> = [
    [{ maxEntries: 0 }, "maxEntries"],
    [{ maxEntries: -1 }, "maxEntries"],
    [{ maxEntries: 1.5 }, "maxEntries"],
    [{ maxEntries: Number.NaN }, "maxEntries"],
    [{ maxEntries: FOREVER }, "maxEntries"],
    [{ maxBytes: 0 }, "maxBytes"],
    [{ maxBytes: "1 MB" as never }, "maxBytes"],
    [{ maxBytes: 1, sizeOf: 3 as never }, "sizeOf"],
    [{ sizeOf: () => 1 }, "maxBytes"],
    [{ values: "copied" as never }, "values"],
    [{ values: "toString" as never }, "values"],
  ];

  test.each(refused)("%o is refused at once, by name", (options, name) => {
    const make = () => memoryStore(options);
    expect(make).toThrow(name);
    expect(make).toThrow(expect.toSatisfy((error: unknown) => isCacheError(error, "INVALID_OPTION")));
  });

  test("without a bound of one's own there is one of 10 000 entries", () => {
    const store = memoryStore();
    for (let n = 0; n <= 10_000; n += 1) store.set(String(n), entry(n));
    expect(store.entryCount).toBe(10_000);
  });

  test("with a bound of bytes alone there is none of entries", () => {
    const store = memoryStore({ maxBytes: 1_000_000, sizeOf: () => 1 });
    for (let n = 0; n < 20_000; n += 1) store.set(String(n), entry(n));
    expect([store.entryCount, store.byteCount]).toEqual([20_000, 20_000]);
  });
});

describe("answers", () => {
  test("come at once, as an entry of the reader's own with the same value", () => {
    const store = memoryStore();
    const kept = entry({ n: 1 });
    store.set("k", kept);
    expect(store.get("k")).toEqual(kept);
    expect(store.get("k")?.value).toBe(kept.value);
    expect(store.many.get(["none", "k"])).toEqual([undefined, kept]);
  });

  test("are judged by the caller's instant where it gives one, else by the clock", () => {
    const clock = manualClock(1_000);
    const store = memoryStore({ clock });
    store.set("k", entry(1, 2_000));
    expect(store.get("k", 1_999)?.value).toBe(1);
    expect(store.get("k", 2_000)).toBeUndefined();
    expect(store.many.get(["k"], 2_000)).toEqual([undefined]);
    expect(store.get("k")?.value).toBe(1);
    clock.set(2_000);
    expect(store.get("k")).toBeUndefined();
    expect(store.get("k", 1_999)?.value).toBe(1);
  });

  test("do not ask the clock about an entry that never ends", () => {
    const clock = { now: () => Number.NaN, after: () => () => undefined };
    const store = memoryStore({ clock });
    store.set("k", entry(1));
    expect(store.get("k")?.value).toBe(1);
    expect(store.delete("k")).toBe(true);
  });

  test("to a delete of a gone entry say that nothing was there, and free its room", () => {
    const store = memoryStore({ clock: manualClock(1_000) });
    store.set("k", entry(1, 1_000));
    store.set("l", entry(1, 1_000));
    expect(store.entryCount).toBe(2);
    expect([store.delete("k"), store.many.delete(["l"])]).toEqual([false, [false]]);
    expect(store.entryCount).toBe(0);
  });

  test("never set a timer", () => {
    const clock = manualClock(1_000);
    const store = memoryStore({ clock });
    store.set("k", entry(1, 2_000));
    store.get("k");
    expect(clock.pending).toBe(0);
  });
});

describe("room", () => {
  test("is made by the entry that was read least recently", () => {
    const store = memoryStore({ maxEntries: 2 });
    store.set("a", entry(1));
    store.set("b", entry(2));
    store.get("a");
    store.set("c", entry(3));
    expect(store.many.get(["a", "b", "c"]).map((found) => found?.value)).toEqual([1, undefined, 3]);
  });

  test("is not given to an entry larger than the whole, and the old one under its key goes", () => {
    const store = memoryStore({ maxBytes: 10, sizeOf: (value) => Number(value) });
    store.set("k", entry(3));
    store.set("other", entry(4));
    store.set("k", entry(11));
    expect(store.get("k")).toBeUndefined();
    expect(store.get("other")?.value).toBe(4);
    expect([store.entryCount, store.byteCount]).toEqual([1, 4]);
  });

  test.each([Number.NaN, -1, "9", undefined])("measured as %o is refused, and the old entry goes", (size) => {
    const store = memoryStore({ maxBytes: 10, sizeOf: (value) => (value === "good" ? 1 : (size as never)) });
    store.set("k", entry("good"));
    expect(() => store.set("k", entry("bad"))).toThrow("sizeOf");
    expect(store.get("k")).toBeUndefined();
  });

  test("is all free after close, and says so from then on", () => {
    const store = memoryStore({ maxBytes: 1_000 });
    store.set("k", entry(1));
    store.close();
    expect([store.entryCount, store.byteCount]).toEqual([0, 0]);
    const calls = [
      () => store.get("k"),
      () => store.set("k", entry(2)),
      () => store.delete("k"),
      () => store.many.get(["k"]),
      () => store.invalidate({ scope: "a:b:c" }),
    ];
    for (const call of calls) expect(call).toThrow('The store "memory" was closed.');
    expect(calls).toHaveLength(5);
  });
});

describe("invalidations", () => {
  const scope = "granary:v1:posts";

  test("have a generation of this store, which goes up", () => {
    const [one, other] = [memoryStore(), memoryStore()];
    const [first, second] = [one.invalidate({ scope }), one.invalidate({ scope: "granary:v1:other", tags: ["x"] })];
    expect(second.epoch).toBe(first.epoch);
    expect(second.sequence).toBeGreaterThan(first.sequence);
    expect(other.invalidate({ scope }).epoch).not.toBe(first.epoch);
  });

  test("hide an entry from every way to read it, and not the one that is set next", async () => {
    const store = memoryStore();
    const key = `${scope}:1`;
    store.set(key, { ...entry(1), tags: ["x"] });
    const handle = store.handles?.of(key);
    const read = async () => [store.get(key)?.value, (await store.many.get([key]))[0]?.value];
    expect(await read()).toEqual([1, 1]);
    store.invalidate({ scope, tags: ["x"] });
    expect(await read()).toEqual([undefined, undefined]);
    expect(handle !== undefined && store.handles?.permits(handle, 0)).toBe(false);
    store.set(key, { ...entry(2), tags: ["x"] });
    expect(await read()).toEqual([2, 2]);
  });

  test("that are too many take what they hide out of the store, and nothing else", () => {
    const store = memoryStore();
    store.set(`${scope}:1`, entry("hidden"));
    store.set("granary:v1:users:1", entry("there"));
    store.invalidate({ scope });
    expect(store.entryCount).toBe(2);
    for (let at = 0; at <= 20_000; at += 1) store.invalidate({ scope: `granary:v1:n${at}` });
    expect(store.entryCount).toBe(1);
    expect(store.get("granary:v1:users:1")?.value).toBe("there");
    expect(store.get(`${scope}:1`)).toBeUndefined();
  });
});

describe("a walk", () => {
  test("leaves out what is gone, and comes in batches", async () => {
    const store = memoryStore({ clock: manualClock(1_000) });
    for (let n = 0; n < 2_500; n += 1) store.set(`k${n}`, entry(n, n % 2 === 0 ? FOREVER : 1_000));
    const batches: Array<readonly string[]> = [];
    for await (const batch of store.walk("k*")) batches.push(batch);
    expect(batches.length).toBeGreaterThan(1);
    expect(new Set(batches.flat()).size).toBe(1_250);
  });
});

test("many loads that an invalidation has overtaken are not given out, as one is not", () => {
  const store = memoryStore();
  const [scope, keys] = ["granary:v1:ns", ["granary:v1:ns:1", "granary:v1:ns:2"] as const];
  const generations = store.generations(keys[0]);
  store.invalidate({ scope });
  store.set(keys[0], entry(1), { generations });
  store.many.set([[keys[1], entry(1)]], { generations });
  expect(store.many.get(keys)).toEqual([undefined, undefined]);
  store.many.set([[keys[1], entry(2)]]);
  expect(store.get(keys[1])).toMatchObject({ value: 2 });
});
