import type { CacheEntry, EntryHandle } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const NOW = 1_790_000_000_000;
const DAY_MS = 86_400_000;

/** Instants of every kind: near the clock, with the smallest fraction, weeks and years off, never, long ago. */
const instant = fc.oneof(
  fc.integer({ min: NOW - DAY_MS, max: NOW + DAY_MS }),
  fc.integer({ min: 0, max: 2 ** 20 }).map((steps) => NOW + steps * 2 ** -12),
  fc.constantFrom(0, 1, -1, NOW - 2 ** 31, NOW - 2 ** 31 - 1, NOW + 2 ** 31 - 1, NOW + 2 ** 31, NOW + 60 * DAY_MS),
  fc.constantFrom(Infinity, 2 ** 40 + 0.25, Number.MAX_SAFE_INTEGER),
);

const entries = fc.array(
  fc.record({
    value: fc.constantFrom<unknown>(undefined, null, 0, "text", { n: 1 }),
    createdAt: instant,
    freshUntil: instant,
    keepUntil: fc.oneof(
      fc.constant(Infinity),
      fc.integer({ min: 1, max: 2 ** 42 }).map((ms) => NOW + ms),
    ),
    rest: fc.constantFrom<object>(
      {},
      {},
      { tags: ["a"] },
      { tags: ["a", "b"], etag: "e" },
      { lastModified: "yesterday" },
      { nearUntil: NOW, epoch: 0 },
      { key: "own", permittedBy: 7, rest: { n: 1 } },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("an entry of memory", () => {
  test("comes back as it went in, to the fraction of a millisecond, whatever stands beside it", () => {
    let looked = 0;
    const holds = (drawn: typeof entries extends fc.Arbitrary<infer E> ? E : never) => {
      const store = memoryStore({ clock: manualClock(NOW) });
      const given = drawn.map(({ rest, ...entry }) => ({ ...entry, ...rest }));
      for (const [at, entry] of given.entries()) store.set(`k${at}`, { ...entry });
      for (const [at, entry] of given.entries()) expect(store.get(`k${at}`)).toStrictEqual(entry);
      looked += given.length;
    };
    fc.assert(fc.property(entries, holds), { numRuns: 500 });
    expect(looked).toBeGreaterThan(1_000);
  });

  test("has nothing but data, so that it can be spread", () => {
    const store = memoryStore({ clock: manualClock(NOW) });
    const entry = { value: 1, createdAt: 5.5, freshUntil: Infinity, keepUntil: Infinity, tags: ["a"], more: 1 };
    store.set("k", entry);
    const found = store.get("k");
    expect(Object.entries(Object.getOwnPropertyDescriptors(found)).every(([, { get }]) => get === undefined)).toBe(
      true,
    );
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect({ ...found }).toStrictEqual(entry);
  });

  test.each<[string, (store: ReturnType<typeof memoryStore>) => void]>([
    ["another is set", (store) => store.set("k", { ...LIFE, value: 2 })],
    ["it is deleted", (store) => void store.delete("k")],
    ["it makes room", (store) => store.set("l", { ...LIFE, value: 2 })],
    ["the store is closed", (store) => store.close()],
  ])("stays what it was for whoever has it when %s", (_what, change) => {
    const store = memoryStore({ maxEntries: 1, clock: manualClock(NOW) });
    const given = { ...LIFE, value: { n: 1 }, tags: ["a"] };
    store.set("k", given);
    const found = store.get("k");
    change(store);
    expect(found).toStrictEqual({ ...LIFE, value: { n: 1 }, tags: ["a"] });
    expect(given).toStrictEqual({ ...LIFE, value: { n: 1 }, tags: ["a"] });
  });

  test("is not changed by what a reader or the writer does to theirs", () => {
    const store = memoryStore({ clock: manualClock(NOW) });
    const given: { -readonly [Name in keyof CacheEntry]: CacheEntry[Name] } = { ...LIFE, value: 1, etag: "e" };
    store.set("k", given);
    given.etag = "changed";
    Object.assign(store.get("k") as CacheEntry, { value: 2, etag: "changed", freshUntil: 0 });
    expect(store.get("k")).toStrictEqual({ ...LIFE, value: 1, etag: "e" });
  });

  test("carries nothing of the entry before", () => {
    const store = memoryStore({ clock: manualClock(NOW) });
    store.set("a", { ...LIFE, value: 1, tags: ["t"], etag: "e" });
    store.set("b", { ...LIFE, value: 2 });
    store.set("c", { ...LIFE, value: 3, etag: "e" });
    store.set("d", { ...LIFE, value: 4, tags: ["t"] });
    expect(Object.keys(store.get("b") ?? {})).toHaveLength(4);
    expect([store.get("c")?.tags, store.get("d")?.etag]).toEqual([undefined, undefined]);
  });

  test("is as exact after years of the process", () => {
    const clock = manualClock(NOW);
    const store = memoryStore({ clock });
    const permits = (place: EntryHandle | undefined, now: number) => place && store.handles?.permits(place, now);
    const given: CacheEntry[] = [];
    for (const days of [0, 12, 13, 24, 25, 26, 60, 400, 4_000]) {
      clock.set(NOW + days * DAY_MS);
      const createdAt = clock.now() + 0.25;
      given.push({ value: days, createdAt, freshUntil: clock.now() + 60 * DAY_MS, keepUntil: Infinity });
      store.set(`k${days}`, given.at(-1) as CacheEntry);
      for (const entry of given) expect(store.get(`k${entry.value}`)).toStrictEqual(entry);
      const places = given.map(({ value }) => store.handles?.of(`k${value}`) as EntryHandle);
      const permitted = (ms: number) => given.map(({ freshUntil }, at) => permits(places[at], freshUntil + ms));
      expect(permitted(-0.25)).toEqual(given.map(() => true));
      expect(permitted(0)).toEqual(given.map(() => false));
    }
  });

  test("is never fresh at its place where its deadline is no number", () => {
    const store = memoryStore({ clock: manualClock(NOW) });
    store.set("k", { ...LIFE, value: 1, freshUntil: Number.NaN });
    const handle = store.handles?.of("k");
    expect(handle && store.handles?.permits(handle, NOW)).toBe(false);
  });
});

const LIFE = { createdAt: NOW, freshUntil: NOW + DAY_MS, keepUntil: NOW + DAY_MS };
