import type { Awaitable, CacheStore, LeasesCapability } from "@granary/core";

/** A remote store whose answers the test holds back, refuses or lets through. */
export interface WaywardStore {
  readonly store: CacheStore;
  /** Calls that have reached it. */
  readonly calls: number;
  /** How it answers from now on. */
  mood: "answers" | "hangs" | "rejects";
  /** Answers every call that it has held back. */
  answerAll(): void;
}

/** `inner`, which answers at once, as a store that has to be waited for and may not answer. */
export function waywardStore(inner: CacheStore): WaywardStore {
  const held = new Set<() => void>();
  let calls = 0;
  const call = <T>(ask: () => Awaitable<T>): Promise<T> => {
    calls += 1;
    if (wayward.mood === "rejects") return Promise.reject(new Error("down"));
    if (wayward.mood === "answers") return Promise.resolve().then(ask);
    return new Promise<void>((resolve) => held.add(resolve)).then(ask);
  };
  const { leases, many, walk, invalidate, generations } = inner;
  const store: CacheStore = {
    name: "wayward",
    ...(inner.clock !== undefined && { clock: inner.clock }),
    get: (key, now) => call(() => inner.get(key, now)),
    set: (key, entry) => call(() => inner.set(key, entry)),
    delete: (key) => call(() => inner.delete(key)),
    // Generations are no calls to count.
    ...(invalidate !== undefined && { invalidate }),
    ...(generations !== undefined && { generations }),
    ...(leases !== undefined && { leases: waywardLeases(leases, call) }),
    ...(many !== undefined && {
      many: {
        get: (keys, now) => call(() => many.get(keys, now)),
        set: (entries) => call(() => many.set(entries)),
        delete: (keys) => call(() => many.delete(keys)),
      },
    }),
    ...(walk !== undefined && {
      walk: (glob) => {
        const steps = walk(glob)[Symbol.asyncIterator]();
        return { [Symbol.asyncIterator]: () => ({ next: () => call(() => steps.next()) }) };
      },
    }),
  };
  const wayward: WaywardStore = {
    store,
    mood: "answers",
    get calls() {
      return calls;
    },
    answerAll: () => {
      for (const answer of held) answer();
      held.clear();
    },
  };
  return wayward;
}

function waywardLeases(leases: LeasesCapability, call: <T>(ask: () => Awaitable<T>) => Promise<T>): LeasesCapability {
  return {
    ttlMs: leases.ttlMs,
    acquire: (key, token, admit) => call(() => leases.acquire(key, token, admit)),
    renew: (key, token) => call(() => leases.renew(key, token)),
    fill: (key, entry, claim) => call(() => leases.fill(key, entry, claim)),
    release: (key, token) => call(() => leases.release(key, token)),
    watch: (key, wake) => leases.watch(key, wake),
  };
}
