import { type Cache, type CacheOptions, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type ManualClock, manualClock } from "@granary/testkit";

/** A cache in memory whose time stands still, without jitter so that deadlines are exact. */
export function stillCache<T>(options: Partial<CacheOptions<T>> = {}): { cache: Cache<T>; clock: ManualClock } {
  const clock = manualClock();
  return { clock, cache: createCache<T>({ store: memoryStore({ clock }), clock, jitter: false, ...options }) };
}

/** A promise that a test settles when it is time. */
export interface Gate<T> {
  readonly promise: Promise<T>;
  open(value: T): void;
  break(error: unknown): void;
}

export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, break: fail };
}
