import { systemClock } from "./clock.js";
import { type Awaitable, isPromiseLike } from "./entry.js";
import { CacheError } from "./errors.js";
import { inTime } from "./in-time.js";
import type { CacheStore } from "./store.js";

/** Longer than a store takes to say that it is ready, or that it cannot be for now. */
const LONGEST_WAIT_MS = 500;

/** What of a store is asked. */
export interface Readies extends Pick<CacheStore, "name"> {
  readonly ready?: (() => Awaitable<void> | undefined) | undefined;
}

/**
 * `ready` of `store` as a call like any other: what it throws rejects, and one that does not answer rejects with
 * `STORE_TIMEOUT`. It is not asked again before it has answered, so that one wait is all that it costs. `undefined` where
 * there is nothing to wait for.
 */
export function readiness(store: Readies): () => Promise<void> | undefined {
  let isGivenUp = false;
  const answered = (): void => {
    isGivenUp = false;
  };
  const limited = (waiting: PromiseLike<void>): Promise<void> => {
    const late = (): CacheError => {
      isGivenUp = true;
      waiting.then(answered, answered);
      return notReady(store);
    };
    return inTime(waiting, { timer: (end) => systemClock.after(LONGEST_WAIT_MS, end), late });
  };
  return () => {
    if (isGivenUp) return undefined;
    try {
      const waiting = store.ready?.();
      return isPromiseLike(waiting) ? limited(waiting) : undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function notReady({ name }: Readies): CacheError {
  return new CacheError(
    "STORE_TIMEOUT",
    `The store "${name}" did not say within ${LONGEST_WAIT_MS} ms that it is ready.`,
  );
}
