import { type CacheEntry, type CacheStore, type Clock, Invalidations } from "@granary/core";
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
