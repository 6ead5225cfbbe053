import type { EntryHandle } from "@granary/core";
import { type MemoryStore, memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const LIFE_MS = 20;

const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant("set" as const), key, amount: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("get" as const), key, amount: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("delete" as const), key, amount: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("pass" as const), key, amount: fc.nat(30) }) },
);

const world = fc.record({
  maxEntries: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.integer({ min: 1, max: 90 }),
  steps: fc.array(step, { minLength: 20, maxLength: 80, size: "max" }),
});

type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** A store beside a plain map of what was set last, with one function a verb that acts on both and compares. */
function modelled({ maxEntries, maxBytes }: World) {
  const clock = manualClock(1_000);
  const store = memoryStore({ maxEntries, maxBytes, clock, sizeOf: (value) => Number(value) });
  const model = new Map<string, { readonly value: number; readonly keepUntil: number }>();
  const verbs = {
    pass: (_key: string, amount: number) => clock.set(clock.now() + amount),
    delete: (id: string) => {
      const mayBeThere = model.delete(id);
      if (store.delete(id)) expect(mayBeThere).toBe(true);
    },
    set: (id: string, value: number) => {
      const keepUntil = clock.now() + LIFE_MS;
      store.set(id, { value, createdAt: clock.now(), freshUntil: keepUntil, keepUntil });
      model.set(id, { value, keepUntil });
      expect(store.get(id) !== undefined).toBe(value <= maxBytes);
    },
    get: (id: string) => {
      const found = store.get(id);
      if (found === undefined) return;
      expect(model.get(id)).toEqual({ value: found.value, keepUntil: found.keepUntil });
      expect(found.keepUntil).toBeGreaterThan(clock.now());
    },
  };
  return { store, verbs };
}

test("no bound is passed at any step, and what is there is what was set last", () => {
  let looked = 0;
  const holds = (drawn: World) => {
    const { store, verbs } = modelled(drawn);
    for (const { verb, key: id, amount } of drawn.steps) {
      verbs[verb](id, amount);
      looked += 1;
      expect(store.entryCount).toBeLessThanOrEqual(drawn.maxEntries);
      expect(store.byteCount).toBeLessThanOrEqual(drawn.maxBytes);
    }
  };
  fc.assert(fc.property(world, holds), { numRuns: 300 });
  expect(looked).toBeGreaterThan(5_000);
});

describe("which entry makes room", () => {
  const KEYS = ["a", "b", "c", "d", "e"];
  const heldOf = (store: MemoryStore, keys: readonly string[]) => keys.flatMap((key) => store.handles?.of(key) ?? []);
  const entryOf = (value: number) => ({ value, createdAt: 0, freshUntil: Infinity, keepUntil: Infinity });

  test("does not depend on whether entries are used by their keys or by their places", () => {
    let uses = 0;
    const used = fc.array(fc.constantFrom(...KEYS), { maxLength: 40 });
    const holds = (rounds: readonly (readonly string[])[]) => {
      const [byKey, byPlace] = [memoryStore({ maxEntries: 4 }), memoryStore({ maxEntries: 4 })];
      for (const [round, keys] of rounds.entries()) {
        uses += keys.length;
        for (const key of keys) byKey.get(key);
        const handles = keys.flatMap((key) => byPlace.handles?.of(key) ?? []);
        for (const handle of handles) byPlace.handles?.permits(handle, 0);
        for (const store of [byKey, byPlace]) store.set(KEYS[round % 5] ?? "", entryOf(round));
        const held = (store: typeof byKey) => KEYS.filter((key) => store.handles?.of(key) !== undefined);
        expect(held(byPlace)).toEqual(held(byKey));
      }
    };
    fc.assert(fc.property(fc.array(used, { minLength: 5, maxLength: 12 }), holds), { numRuns: 300 });
    expect(uses).toBeGreaterThan(1_000);
  });

  test("is never the one that was used last by its place", () => {
    let uses = 0;
    const used = fc.array(fc.nat(11), { minLength: 1, maxLength: 40 });
    const holds = (maxEntries: number, rounds: readonly (readonly number[])[]) => {
      const store = memoryStore({ maxEntries });
      const keys = Array.from({ length: maxEntries + rounds.length }, (_, at) => `${at}`);
      for (const key of keys.slice(0, maxEntries)) store.set(key, entryOf(0));
      for (const [round, places] of rounds.entries()) {
        const handles = heldOf(store, keys);
        const used = places.map((at) => handles[at % maxEntries] as EntryHandle);
        for (const handle of used) expect(store.handles?.permits(handle, 0)).toBe(true);
        uses += used.length;
        store.set(`${maxEntries + round}`, entryOf(round));
        expect(store.handles?.of(used.at(-1)?.key ?? "")).toBe(used.at(-1));
      }
    };
    const rounds = fc.array(used, { minLength: 5, maxLength: 12 });
    fc.assert(fc.property(fc.integer({ min: 2, max: 12 }), rounds, holds), { numRuns: 300 });
    expect(uses).toBeGreaterThan(1_000);
  });

  test("is not one of those that are used the most, where the others were used once since", () => {
    const store = memoryStore({ maxEntries: 1_000 });
    const keys = Array.from({ length: 1_000 }, (_, at) => `${at}`);
    for (const key of keys) store.set(key, entryOf(0));
    const handles = heldOf(store, keys);
    for (const handle of handles) {
      for (const popular of handles.slice(0, 100)) store.handles?.permits(popular, 0);
      store.handles?.permits(handle, 0);
    }
    for (let at = 0; at < 400; at += 1) store.set(`new ${at}`, entryOf(at));
    expect(handles.slice(0, 100).map(({ key }) => store.handles?.of(key))).toEqual(handles.slice(0, 100));
  });

  test("is not one that is used by its place now and then, however many are added", () => {
    const store = memoryStore({ maxEntries: 160 });
    store.set("kept", entryOf(0));
    const handle = store.handles?.of("kept");
    if (handle === undefined) throw new Error("There is no handle.");
    const answers = Array.from({ length: 1_000 }, (_, at) => {
      store.set(`new ${at}`, entryOf(at));
      return at % 100 !== 0 || store.handles?.permits(handle, 0);
    });
    expect(answers).not.toContain(false);
    expect(store.entryCount).toBe(160);
  });
});
