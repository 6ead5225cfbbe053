import type { Awaitable, CacheStore, ManyCapability } from "@granary/core";

/** What makes a store fail, held by the test. */
export interface StoreFaults {
  /** Every call rejects with `error` from now on. */
  fail(error?: unknown): void;
  /** The next `count` calls (default 1) reject with `error`, and those after them are sound. */
  failNext(count?: number, error?: unknown): void;
  /** Every call waits from now on, and goes on to the store when the fault is mended. */
  hang(): void;
  /** Calls are sound from now on, and those that hang go on. */
  mend(): void;
  /** Calls made so far, the failed ones too. A call for many keys is one. */
  readonly calls: number;
  /** Calls that hang now. */
  readonly hanging: number;
}

/** A store with the faults that a test puts into it. */
export interface FaultyStore {
  readonly store: CacheStore;
  readonly faults: StoreFaults;
}

type Call = <T>(verb: () => Awaitable<T>) => Awaitable<T>;

/**
 * Wraps a store so that a test can make its verbs, those of `many` and `walk` fail or hang. Without a fault a
 * call passes at once, and every other capability is the store's own.
 */
export function faultyStore(store: CacheStore): FaultyStore {
  const { call, faults } = faultSwitch();
  const faulty: CacheStore = {
    name: store.name,
    ...(store.tier !== undefined && { tier: store.tier }),
    ...(store.clock !== undefined && { clock: store.clock }),
    ...(store.admits !== undefined && { admits: store.admits }),
    get: (key, now, admit) => call(() => store.get(key, now, admit)),
    set: (key, entry, reason) => call(() => store.set(key, entry, reason)),
    delete: (key) => call(() => store.delete(key)),
    ...(store.many !== undefined && { many: faultyMany(store.many, call) }),
    ...(store.walk !== undefined && { walk: faultyWalk(store.walk.bind(store), call) }),
    ...(store.on !== undefined && { on: store.on.bind(store) }),
    ...(store.close !== undefined && { close: store.close.bind(store) }),
  };
  return { store: faulty, faults };
}

function faultyMany(many: ManyCapability, call: Call): ManyCapability {
  return {
    get: (keys, now, admit) => call(() => many.get(keys, now, admit)),
    set: (entries, reason) => call(() => many.set(entries, reason)),
    delete: (keys) => call(() => many.delete(keys)),
  };
}

function faultyWalk(walk: NonNullable<CacheStore["walk"]>, call: Call): NonNullable<CacheStore["walk"]> {
  return async function* faulty(glob) {
    yield* await call(() => walk(glob));
  };
}

type Fault = "none" | "fails" | "hangs";

function faultSwitch(): { readonly call: Call; readonly faults: StoreFaults } {
  const released = new Set<() => void>();
  let [fault, error, failuresLeft, calls]: [Fault, unknown, number, number] = ["none", undefined, 0, 0];
  const turn = (next: Fault, cause?: unknown, count = 0) => {
    [fault, error, failuresLeft] = [next, cause, count];
  };
  const call: Call = (verb) => {
    calls += 1;
    if (fault === "none") return verb();
    if (fault === "hangs") return new Promise<void>((resolve) => released.add(resolve)).then(verb);
    failuresLeft -= 1;
    const rejected = Promise.reject(error);
    if (failuresLeft === 0) turn("none");
    return rejected;
  };
  const faults: StoreFaults = {
    fail: (cause = plantedError()) => turn("fails", cause, Number.POSITIVE_INFINITY),
    failNext: (count = 1, cause = plantedError()) => turn("fails", cause, count),
    hang: () => turn("hangs"),
    mend: () => {
      turn("none");
      for (const release of released) release();
      released.clear();
    },
    get calls() {
      return calls;
    },
    get hanging() {
      return released.size;
    },
  };
  return { call, faults };
}

function plantedError(): Error {
  return new Error("This store fails because a test wants it to.");
}
