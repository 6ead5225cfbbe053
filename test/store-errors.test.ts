import { type Cache, type CacheStore, createCache, guarded, isCacheError } from "@granary/core";
import { memoryStore } from "@granary/memory";
import {
  farStore,
  faultyBus,
  faultyStore,
  localHub,
  type ManualClock,
  manualClock,
  type StoreVerb,
} from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";

/** What a client throws: no error of this package. */
const CLIENT_ERROR = new Error("ECONNRESET");
const REJECT = { type: "reject", error: CLIENT_ERROR } as const;

interface Broken {
  readonly cache: Cache<number>;
  readonly clock: ManualClock;
  /** From here on only these verbs of the store fail. */
  failOnly(...verbs: readonly StoreVerb[]): void;
  /** Tells what the connection of the store, and of the bus, tells of its own accord. */
  tell(): void;
}

type Parts = Omit<Broken, "cache"> & { readonly far: CacheStore };

/** A remote store of which every call fails. */
function brokenFar(): Parts {
  const clock = manualClock();
  const { store, faults } = faultyStore(farStore({ clock }).connect());
  faults.inject(REJECT);
  const listeners = new Set<Parameters<NonNullable<CacheStore["on"]>>[0]>();
  const on: NonNullable<CacheStore["on"]> = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const tell = (): void => {
    for (const listener of listeners) listener({ type: "error", operation: "connection", error: CLIENT_ERROR });
  };
  const failOnly = (...verbs: readonly StoreVerb[]): void => {
    faults.mend();
    if (verbs.length > 0) faults.inject({ ...REJECT, verbs });
  };
  return { clock, far: { ...store, on }, failOnly, tell };
}

const BUILD: Readonly<Record<string, () => Broken>> = {
  alone: () => {
    const { far, ...broken } = brokenFar();
    const store = guarded(far, { breaker: false });
    return { ...broken, cache: createCache<number>({ store }) };
  },
  "alone, where it says that it cannot hang": () => {
    const { far, ...broken } = brokenFar();
    return { ...broken, cache: createCache<number>({ store: { ...far, remote: false } }) };
  },
  tiered: () => {
    const { far, ...broken } = brokenFar();
    const { bus, faults } = faultyBus(localHub().bus("node"));
    faults.inject(REJECT);
    const store = tiered({ l1: memoryStore({ clock: broken.clock }), l2: far, bus, breaker: false });
    const tell = (): void => {
      broken.tell();
      faults.error(CLIENT_ERROR);
    };
    return { ...broken, cache: createCache<number>({ store }), tell };
  },
  "tiered over a near tier that fails": () => {
    const clock = manualClock();
    const { store: l1, faults } = faultyStore(memoryStore({ clock }));
    faults.inject(REJECT);
    const l2 = farStore({ clock }).connect();
    return { cache: createCache<number>({ store: tiered({ l1, l2 }) }), clock, failOnly: () => {}, tell: () => {} };
  },
};

const CALLS: Readonly<Record<string, (broken: Broken) => unknown>> = {
  get: ({ cache }) => cache.get("a"),
  getMany: ({ cache }) => cache.getMany(["a", "b"]),
  getOrSet: ({ cache }) => cache.getOrSet("a", () => 1),
  getOrSetMany: ({ cache }) => cache.getOrSetMany(["a", "b"], (ids) => ids.map(() => 1)),
  set: ({ cache }) => cache.set("a", 1),
  setMany: ({ cache }) => cache.setMany([["a", 1]]),
  delete: ({ cache }) => cache.delete("a"),
  deleteMany: ({ cache }) => cache.deleteMany(["a", "b"]),
  expire: ({ cache }) => cache.expire("a"),
  invalidateTags: ({ cache }) => cache.invalidateTags("t"),
  clear: ({ cache }) => cache.clear(),
  invalidatePattern: ({ cache }) => cache.invalidatePattern("*"),
  // What the far tier did not take is repaired there.
  "set, and its repair": async ({ cache, clock }) => {
    await cache.set("a", 1);
    await clock.advance(5_000);
  },
  "getOrSet, which is given no lease": ({ cache, failOnly }) => {
    failOnly("leases.acquire");
    return cache.getOrSet("a", () => 1);
  },
  "getOrSet, of which the last step fails": ({ cache, failOnly }) => {
    failOnly("leases.fill");
    return cache.getOrSet("a", () => 1);
  },
  "set, which is told to the other nodes": ({ cache, failOnly }) => {
    failOnly();
    return cache.set("a", 1);
  },
  "what a connection tells": ({ tell }) => tell(),
};

const table = Object.entries(BUILD).flatMap(([place, build]) =>
  Object.entries(CALLS).map(([call, act]) => ({ place, call, build, act })),
);

describe("What a client throws reaches the listeners of errors as the cause of a CacheError", () => {
  const heard = new Map<string, Set<string>>();

  test.each(table)("$call, $place", async ({ place, build, act }) => {
    const broken = build();
    const told = heard.get(place) ?? new Set<string>();
    heard.set(place, told);
    const raw: unknown[] = [];
    broken.cache.on("error", ({ operation, error }) => {
      told.add(operation);
      if (!isCacheError(error, "STORE_FAILED") || error.cause !== CLIENT_ERROR) raw.push([operation, error]);
    });
    await act(broken);
    await broken.cache.close();
    expect(raw).toEqual([]);
  });

  test("and every kind of failure was told of", () => {
    const told = Object.fromEntries([...heard].map(([place, operations]) => [place, [...operations].sort()]));
    const calls = [
      "connection",
      "delete",
      "deleteMany",
      "expire",
      "fill",
      "get",
      "getMany",
      "invalidate",
      "lease",
      "set",
      "setMany",
      "walk",
    ];
    expect(told).toEqual({
      alone: calls,
      "alone, where it says that it cannot hang": calls,
      // Tiers read many keys as they read one.
      tiered: [...calls.filter((call) => call !== "getMany"), "bus", "publish", "repair"].sort(),
      "tiered over a near tier that fails": [
        "near delete",
        "near expire",
        "near get",
        "near invalidate",
        "near set",
        "walk",
      ],
    });
  });
});
