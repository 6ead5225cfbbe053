import { type CacheEntry, type CacheStore, createCache, type Invalidation, MarkRegistry, marked } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, localHub, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FACTOR, SEED } from "./support/fleet-model/search.js";

const SCOPES = ["granary:v1:shop", "granary:v1:shop/eu"] as const;
const TAGS = ["t", "u", "v"] as const;
const KEYS = ["granary:v1:shop:1", "granary:v1:shop/eu:1"] as const;
const DAY_MS = 86_400_000;

interface Mark {
  readonly invalidation: Invalidation;
  readonly at: number;
}

const mark: fc.Arbitrary<Mark> = fc.record({
  invalidation: fc.record(
    { scope: fc.constantFrom(...SCOPES), tags: fc.subarray([...TAGS], { minLength: 1 }) },
    { requiredKeys: ["scope"] },
  ),
  at: fc.integer({ min: 1, max: 20 }),
});

/** Marks, and the same in another order, some of them several times. */
const twice = fc.array(mark, { minLength: 1, maxLength: 12 }).chain((marks) =>
  fc.record({
    once: fc.constant(marks),
    again: fc
      .shuffledSubarray([...marks, ...marks], { minLength: 0 })
      .chain((more) => fc.shuffledSubarray([...marks, ...more], { minLength: marks.length + more.length })),
  }),
);

/** What judges entries by marks, as far as anybody can see. */
interface Judging {
  raise(mark: Mark): void;
  permits(key: string, entry: CacheEntry): boolean;
}

function registry(): Judging {
  const marks = new MarkRegistry();
  return {
    raise: ({ invalidation, at }) => marks.raise(invalidation, at),
    permits: (key, entry) => marks.permits(key, entry),
  };
}

/** The planted bug: of two marks the one that came last counts. */
function lastWins(): Judging {
  const marks = new Map<string, number>();
  const names = ({ scope, tags }: Invalidation): string[] => tags?.map((tag) => `${scope} ${tag}`) ?? [scope];
  return {
    raise: ({ invalidation, at }) => {
      for (const name of names(invalidation)) marks.set(name, at);
    },
    permits: (key, { createdAt, tags = [] }) => {
      const scopes = SCOPES.filter((scope) => key.startsWith(scope));
      const over = scopes.flatMap((scope) => [scope, ...names({ scope, tags })]);
      return over.every((name) => createdAt > (marks.get(name) ?? 0));
    },
  };
}

/** What is let through of every kind of entry. */
function verdicts(judging: Judging, marks: readonly Mark[]): boolean[] {
  for (const each of marks) judging.raise(each);
  const instants = Array.from({ length: 22 }, (_, at) => at);
  return KEYS.flatMap((key) =>
    [[], ["t"], ["u", "v"]].flatMap((tags) =>
      instants.map((at) => judging.permits(key, entryOf({ createdAt: at, tags }))),
    ),
  );
}

function entryOf(changes: Partial<CacheEntry>): CacheEntry {
  const never = Number.POSITIVE_INFINITY;
  return { value: 1, createdAt: 0, freshUntil: never, keepUntil: never, ...changes };
}

describe("C13 marks come in any order and any number of times", () => {
  function sameState(make: () => Judging): { looked: () => number; check: () => { readonly failed: boolean } } {
    let looked = 0;
    const property = fc.property(twice, ({ once, again }) => {
      const [expected, found] = [verdicts(make(), once), verdicts(make(), again)];
      looked += expected.filter((permits) => !permits).length;
      expect(found).toEqual(expected);
    });
    return { looked: () => looked, check: () => fc.check(property, { numRuns: 500 * FACTOR, seed: SEED }) };
  }

  test("and the state is the same", () => {
    const { check, looked } = sameState(registry);
    expect(check().failed).toBe(false);
    expect(looked()).toBeGreaterThan(0);
  });

  test("a register in which the last one wins is found out", () => {
    expect(sameState(lastWins).check().failed).toBe(true);
  });
});

describe("C16 what is older than a mark that was forgotten does not come back", () => {
  /** An entry that is to live for ever, invalidated by its tag, and looked at when the mark is gone. */
  async function afterTheMark(near: (store: CacheStore) => CacheStore): Promise<{ before: unknown; after: unknown }> {
    const clock = manualClock();
    const [hub, far] = [localHub(), farStore({ clock })];
    const node = (name: string, wrap: (store: CacheStore) => CacheStore) =>
      createCache<string>({
        store: tiered({ l1: memoryStore({ clock }), l2: wrap(far.connect()), bus: hub.bus(name) }),
        ttl: Number.POSITIVE_INFINITY,
        tags: ["t"],
      });
    const [a, late] = [node("a", near), node("late", near)];
    await a.set("1", "old");
    await a.invalidateTags("t");
    const before = await late.get("1");
    await clock.advance(31 * DAY_MS);
    // A node that starts now has never heard of the mark, and the far store has forgotten it.
    return { before, after: await node("new", near).get("1") };
  }

  test("an entry with tags is gone before their marks are", async () => {
    expect(await afterTheMark((store) => store)).toEqual({ before: undefined, after: undefined });
  });

  test("a store that keeps it longer is found out", async () => {
    const forEver = (store: CacheStore): CacheStore => ({
      ...store,
      set: (key, entry) =>
        store.set(key, { ...entry, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY }),
    });
    expect(await afterTheMark(forEver)).toEqual({ before: undefined, after: "old" });
  });

  test("marks in a process are bounded, and what is forgotten of them counts against an entry", () => {
    const marks = new MarkRegistry();
    const scope = SCOPES[0];
    for (let tag = 0; tag < 25_000; tag += 1) marks.raise({ scope, tags: [`t${tag}`] }, tag);
    expect(marks.permits(KEYS[0], entryOf({ createdAt: 0, tags: ["t0"] }))).toBe(false);
    expect(marks.size).toBeLessThanOrEqual(20_000);
    expect(marks.permits(KEYS[0], entryOf({ createdAt: 15_000, tags: ["other"] }))).toBe(false);
    expect(marks.permits(KEYS[0], entryOf({ createdAt: 0 }))).toBe(false);
    expect(marks.permits(KEYS[0], entryOf({ createdAt: 21_000, tags: ["other"] }))).toBe(true);
    expect(marks.permits(KEYS[0], entryOf({ createdAt: 21_000, tags: ["t24000"] }))).toBe(false);
  });

  test("a far store that judges by its own marks says the same as one that is asked for them", async () => {
    const clock = manualClock();
    const store = marked(farStore({ clock }).connect());
    await store.set(KEYS[0], entryOf({ createdAt: clock.now(), tags: ["t"] }));
    expect(await store.get(KEYS[0])).toBeDefined();
    await store.invalidate?.({ scope: SCOPES[0], tags: ["u"] }, 0);
    expect(await store.get(KEYS[0])).toBeDefined();
    await store.invalidate?.({ scope: SCOPES[0], tags: ["t"] }, 0);
    expect(await store.get(KEYS[0])).toBeUndefined();
  });
});
