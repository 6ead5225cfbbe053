import type { Cache, CallOptions, Id } from "@granary/core";
import type { ManualClock } from "@granary/testkit";
import fc from "fast-check";
import { expect } from "vitest";
import { type Fate, type ManyModel, PATTERNS, type Pattern, type Range } from "./many-model.js";

interface Item {
  readonly id: Id;
  readonly value: unknown;
}

/** What is done to a cache and to its model. */
export type Operation =
  | { readonly type: "get" | "delete" | "expire"; readonly id: Id }
  | { readonly type: "set"; readonly item: Item; readonly tags: readonly string[] }
  | { readonly type: "getOrSet"; readonly item: Item; readonly fate: Fate; readonly tags: readonly string[] }
  | { readonly type: "getMany" | "deleteMany"; readonly ids: readonly Id[] }
  | { readonly type: "setMany"; readonly items: readonly Item[]; readonly tags: readonly string[] }
  | { readonly type: "getOrSetMany"; readonly ids: readonly Id[]; readonly load: LoadPlan }
  | { readonly type: "invalidatePattern"; readonly pattern: Pattern }
  | { readonly type: "invalidateTags"; readonly tags: readonly string[] }
  | { readonly type: "clear" }
  | { readonly type: "advance"; readonly ms: number };

interface LoadPlan {
  readonly answer: "a map" | "an array" | "an error";
  /** By the number of the id among those that are missing. */
  readonly fates: readonly Fate[];
  readonly value: number;
  readonly tags: readonly string[];
}

const anId = fc.constantFrom<Id>("a", "ab", "b:1", 1, "1", "é", "?");
const aValue = fc.oneof({ weight: 6, arbitrary: fc.nat(99) }, fc.constantFrom(null, undefined, "", false));
const aFate = fc.constantFrom<Fate>("loads", "loads", "loads nothing", "fails");
const someTags = fc.subarray(["x", "y"]);
const anItem = fc.record({ id: anId, value: aValue });
const someIds = fc.array(anId, { maxLength: 6 });
const aLoad = fc.record<LoadPlan>({
  answer: fc.constantFrom("a map", "an array", "an array", "an error"),
  fates: fc.array(aFate, { minLength: 7, maxLength: 7 }),
  value: fc.nat(99),
  tags: someTags,
});

const anOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constantFrom("get" as const, "delete" as const, "expire" as const), id: anId }),
  fc.record({ type: fc.constant("set" as const), item: anItem, tags: someTags }),
  fc.record({ type: fc.constant("getOrSet" as const), item: anItem, fate: aFate, tags: someTags }),
  fc.record({ type: fc.constantFrom("getMany" as const, "deleteMany" as const), ids: someIds }),
  fc.record({ type: fc.constant("setMany" as const), items: fc.array(anItem, { maxLength: 6 }), tags: someTags }),
  fc.record({ type: fc.constant("getOrSetMany" as const), ids: someIds, load: aLoad }),
  fc.record({ type: fc.constant("getOrSetMany" as const), ids: someIds, load: aLoad }),
  fc.record({ type: fc.constant("invalidatePattern" as const), pattern: fc.constantFrom(...PATTERNS) }),
  fc.record({ type: fc.constant("invalidateTags" as const), tags: someTags }),
  fc.record({ type: fc.constant("clear" as const) }),
  fc.record({ type: fc.constant("advance" as const), ms: fc.constantFrom(1, 20_000, 60_000, 3_600_000) }),
);

export const operations = fc.array(anOperation, { minLength: 1, maxLength: 25, size: "max" });

/** The two that are held against each other. */
export interface Pair {
  readonly cache: Cache<unknown>;
  readonly clock: ManualClock;
  readonly model: ManyModel;
  /** Ids that a loader of the cache was asked for in this operation. */
  readonly loaded: string[];
}

const DOWN = new Error("down");

/** Does one operation to both, and compares what they answer. */
export async function perform(pair: Pair, operation: Operation): Promise<void> {
  const { cache, model } = pair;
  switch (operation.type) {
    case "get":
      return expect(await cache.get(operation.id)).toEqual(model.get(String(operation.id)));
    case "delete":
      return expectWithin(Number(await cache.delete(operation.id)), [model.delete(String(operation.id))]);
    case "expire":
      return expect(await cache.expire(operation.id)).toBe(model.expire(String(operation.id)));
    case "set": {
      const { item, tags } = operation;
      return expect(await cache.set(item.id, item.value, { tags })).toBe(model.set(String(item.id), { ...item, tags }));
    }
    case "getOrSet":
      return getOrSet(pair, operation);
    case "getMany":
      return expect(await cache.getMany(operation.ids)).toEqual(
        present(operation.ids.map((id) => [id, model.get(String(id))])),
      );
    case "deleteMany": {
      const ranges = operation.ids.map((id) => model.delete(String(id)));
      return expectWithin(await cache.deleteMany(operation.ids), ranges);
    }
    case "setMany": {
      const { items, tags } = operation;
      const taken = await cache.setMany(
        items.map(({ id, value }) => [id, value]),
        { tags },
      );
      for (const { id, value } of items) model.set(String(id), { value, tags });
      // What counts is the last value of each id: an earlier one is never written.
      const last = new Map(items.map(({ id, value }) => [String(id), value]));
      return expect(taken).toBe([...last.values()].every((value) => value !== undefined));
    }
    case "getOrSetMany":
      return getOrSetMany(pair, operation);
    case "invalidatePattern":
      return expectWithin(await cache.invalidatePattern(operation.pattern), [
        model.invalidatePattern(operation.pattern),
      ]);
    case "invalidateTags":
      expect(await cache.invalidateTags(operation.tags)).toBe(true);
      if (operation.tags.length > 0) model.invalidateTags(operation.tags);
      return;
    case "clear":
      expect(await cache.clear()).toBe(true);
      model.clear();
      return;
    case "advance":
      return pass(pair, operation.ms);
  }
}

async function pass({ clock, model }: Pair, ms: number): Promise<void> {
  await clock.advance(ms);
  model.now = clock.now();
}

async function getOrSet(
  { cache, model, loaded }: Pair,
  { item, fate, tags }: Extract<Operation, { type: "getOrSet" }>,
): Promise<void> {
  const { id, value } = item;
  const actual = await cache
    .getOrSet(
      id,
      () => {
        loaded.push(String(id));
        if (fate === "fails") throw DOWN;
        return fate === "loads" ? value : undefined;
      },
      { tags },
    )
    .catch((error: unknown) => (error === DOWN ? "fails" : error));
  const isNothing = fate === "loads" && value === undefined;
  expect(actual).toEqual(model.getOrSet(String(id), { fate: isNothing ? "loads nothing" : fate, value, tags }));
}

async function getOrSetMany(
  { cache, model, loaded }: Pair,
  { ids, load }: Extract<Operation, { type: "getOrSetMany" }>,
): Promise<void> {
  const { answer, fates, tags } = load;
  const options: CallOptions = { tags };
  const fateAt = (at: number): Fate => (answer === "an error" ? "fails" : (fates[at] ?? "loads"));
  const valueAt = (at: number): number => load.value + at;
  let calls = 0;
  const loadMany = (missing: readonly Id[]) => {
    calls += 1;
    loaded.push(...missing.map(String));
    if (answer === "an error") throw DOWN;
    const items = missing.map((_, at) => ({ loads: valueAt(at), "loads nothing": undefined, fails: DOWN })[fateAt(at)]);
    return answer === "an array" ? items : new Map(missing.map((id, at) => [id, items[at]]));
  };
  const actual = await cache
    .getOrSetMany(ids, loadMany, options)
    .catch((error: unknown) => (error === DOWN ? "fails" : error));
  const expected = new Map<string, unknown>();
  for (const id of new Set(ids.map(String))) {
    const at = model.loaded.length;
    expected.set(id, model.getOrSet(id, { fate: fateAt(at), value: valueAt(at), tags }));
  }
  expect(calls).toBeLessThanOrEqual(1);
  const isAll = answer === "an error" && [...expected.values()].includes("fails");
  if (isAll) return expect(actual).toBe("fails");
  const found = ids.map((id) => [id, expected.get(String(id))] as const);
  expect(actual).toEqual(present(found.filter(([, value]) => value !== "fails")));
}

/** As a map, without what is absent. */
function present(pairs: ReadonlyArray<readonly [Id, unknown]>): Map<Id, unknown> {
  return new Map(pairs.filter(([, value]) => value !== undefined));
}

function expectWithin(actual: number, ranges: readonly Range[]): void {
  expect(actual).toBeGreaterThanOrEqual(ranges.reduce((total, { least }) => total + least, 0));
  expect(actual).toBeLessThanOrEqual(ranges.reduce((total, { most }) => total + most, 0));
}
