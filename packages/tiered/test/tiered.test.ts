import { type CacheEntry, type CacheStore, type Clock, guarded, Invalidations } from "@granary/core";
import { farStore, localHub, manualClock, runStoreContract } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";

/** A near tier as small as it can be: entries by reference, and the order in which they came and were invalidated. */
function nearStore(clock: Clock): CacheStore {
  const entries = new Map<string, { readonly entry: CacheEntry; readonly sequence: number }>();
  const invalidations = new Invalidations({ forgetting: () => entries.clear() });
  return {
    name: "near",
    clock,
    admits: true,
    get: (key, now = clock.now()) => {
      const { entry, sequence = 0 } = entries.get(key) ?? {};
      if (entry === undefined || entry.keepUntil <= now) return undefined;
      return invalidations.permits(key, { sequence, tags: entry.tags }) ? entry : undefined;
    },
    set: (key, entry) => void entries.set(key, { entry, sequence: invalidations.sequence }),
    delete: (key) => entries.delete(key),
    invalidate: (invalidation) => {
      invalidations.add(invalidation);
      return { epoch: "near", sequence: invalidations.sequence };
    },
  };
}

describe.each(["without a bus", "with a bus"] as const)("a pair of tiers %s holds the contract of a store", (kind) => {
  runStoreContract(
    {
      capabilities: ["many", "walk", "admits", "close", "invalidate", "expire", "leases"],
      skips: {
        "a load carries the generations that stood before it began":
          "near copies carry none: the cache above does not fill what an invalidation has overtaken",
      },
      open: ({ clock }) => {
        const bus = kind === "with a bus" ? { bus: localHub().bus("node") } : {};
        return { store: tiered({ l1: nearStore(clock), l2: farStore({ clock }).connect(), ...bus }) };
      },
    },
    test,
  );
});

describe("tiers the wrong way round", () => {
  const clock = manualClock();
  const [near, far] = [nearStore(clock), farStore({ clock }).connect()];
  const own: CacheStore = { ...near, remote: false };
  const ofThreeVerbs: CacheStore = { name: "three", get: near.get, set: near.set, delete: near.delete };

  test.each([
    ["a far store over one of this process", far, own],
    ["tiers over one of this process", tiered({ l1: own, l2: far }), { ...nearStore(clock), remote: false as const }],
  ])("are refused: %s", (_, l1, l2) => {
    const refused = {
      code: "INVALID_OPTION",
      message: expect.stringMatching(/l1 takes the store of this process, such as/),
    };
    expect(() => tiered({ l1, l2 })).toThrow(expect.objectContaining(refused));
  });

  test.each([
    ["a store of this process over a far one", own, far],
    ["a far store over another one", far, farStore({ clock }).connect()],
    ["a store that does not say what it is over one of this process", ofThreeVerbs, own],
    ["one over another one", own, { ...nearStore(clock), remote: false as const }],
    ["a store that does not say what it is over a far one", ofThreeVerbs, far],
    ["and over tiers", ofThreeVerbs, tiered({ l1: own, l2: far })],
    ["and over a guarded one", ofThreeVerbs, guarded(far)],
    ["one that judges its entries over one of this process", near, own],
  ])("and no others: %s", (_, l1, l2) => {
    expect(tiered({ l1, l2 }).name).toBe(`${l1.name}+${l2.name}`);
  });
});

describe("what is not a tier, a bus or a duration", () => {
  const [l1, l2] = [nearStore(manualClock()), nearStore(manualClock())];
  const wrong: ReadonlyArray<readonly [option: string, options: object]> = [
    ["l1", { l1: new Map(), l2 }],
    ["l1", { l2 }],
    ["l2", { l1, l2: null }],
    ["bus", { l1, l2, bus: {} }],
    ["bus", { l1, l2, bus: null }],
    ["bus", { l1, l2, bus: { publish: () => {}, subscribe: () => {} } }],
    ["l1Ttl", { l1, l2, l1Ttl: "5 parsecs" }],
  ];

  test.each(wrong)("is refused at once, by name: %s", (option, options) => {
    expect(() => tiered(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(`^${option}: `) }),
    );
  });

  test("is refused at once: one store for both tiers", () => {
    expect(() => tiered({ l1, l2: l1 })).toThrow(/^l1 and l2 are the same store/);
  });
});
