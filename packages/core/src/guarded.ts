import { PendingAttempt } from "./attempt.js";
import { checkClock, checkOptions, type OptionNames } from "./check-options.js";
import { systemClock } from "./clock.js";
import { describe } from "./describe.js";
import type { Awaitable } from "./entry.js";
import { CacheError } from "./errors.js";
import { BREAKER_OPTIONS, Guard, type GuardOptions } from "./guard.js";
import {
  type CacheStore,
  isStore,
  type LeaseAnswer,
  type LeasesCapability,
  type ManyCapability,
  traitsOf,
} from "./store.js";
import { StoreLifecycle } from "./store-lifecycle.js";
import { withGenerations } from "./with-generations.js";

/** Keys of one call for which the timeout is meant. */
const KEYS_A_TIMEOUT = 1_000;

const GUARD_OPTIONS: OptionNames<GuardOptions> = { timeout: true, breaker: true, clock: true };

/**
 * `given` with a deadline for each call, a bound on calls that are not answered, and a circuit breaker. Caches put one around every store that does not say `remote: false`; write it yourself to choose other limits:
 * `createCache({ store: guarded(redisStore({ client }), { timeout: "1s" }) })`.
 *
 * A call that is too late, and one that is not made at all, rejects with `STORE_TIMEOUT` and `STORE_UNAVAILABLE`. What
 * was asked is not taken back: unless the store undoes a write that was given up, it may still be done.
 * @throws CacheError `INVALID_OPTION`
 */
export function guarded(given: CacheStore, options: GuardOptions = {}): CacheStore {
  if (!isStore(given)) throw new CacheError("INVALID_OPTION", `guarded() takes a CacheStore, not ${describe(given)}.`);
  checkOptions(options, GUARD_OPTIONS);
  if (options.breaker !== undefined && options.breaker !== false)
    checkOptions(options.breaker, BREAKER_OPTIONS, "breaker.");
  checkClock(options.clock);
  // Inside the guard: an entry and the generations that it is held against are one call.
  const store = withGenerations(given);
  const { name } = store;
  const guard = new Guard({
    ...options,
    name,
    clock: options.clock ?? store.clock ?? systemClock,
    probe: (key) => store.get(key),
    changed: (state) => life.tell({ type: "breaker", store: name, state }),
    refusing: (error) => life.tell({ type: "error", operation: "refused", error }),
  });
  const life: StoreLifecycle = new StoreLifecycle(name, () => {
    const silence = store.on?.((event) => life.tell(event));
    return () => {
      guard.rest();
      return silence?.();
    };
  });
  return {
    ...traitsOf(store),
    ...guardedVerbs(store, guard),
    remote: false,
    health: () => ({ [name]: guard.health(), ...store.health?.() }),
    on: (listener) => life.on(listener),
    close: () => {
      guard.close();
      return life.close();
    },
  };
}

/** Whatever asks the store for something. */
function guardedVerbs(store: CacheStore, guard: Guard): Omit<CacheStore, "name"> {
  const { many, leases } = store;
  // A store may be an object of a class: its methods are called on it.
  const walk = store.walk?.bind(store);
  const [invalidate, generations] = [store.invalidate?.bind(store), store.generations?.bind(store)];
  const expire = store.expire?.bind(store);
  return {
    get: (key, now, admit) => guard.run({ key, ask: () => store.get(key, now, admit) }),
    set: (key, entry, options) => {
      const attempt = new PendingAttempt();
      const ask = (): Awaitable<void> => store.set(key, entry, { ...options, attempt });
      return guard.run({ key, ask, attempt, isGathered: options?.reason === "fill" });
    },
    delete: (key) => guard.run({ key, ask: () => store.delete(key) }),
    ...(many !== undefined && { many: guardedMany(many, guard) }),
    ...(leases !== undefined && { leases: guardedLeases(leases, guard) }),
    ...(walk !== undefined && { walk: (glob: string) => guardedWalk(walk(glob), guard) }),
    ...(invalidate !== undefined && {
      invalidate: (invalidation) => guard.run({ key: invalidation.scope, ask: () => invalidate(invalidation) }),
    }),
    ...(expire !== undefined && { expire: (key, terms) => guard.run({ key, ask: () => expire(key, terms) }) }),
    ...(generations !== undefined && {
      generations: (key) => guard.runIfWell({ key, ask: () => generations(key), isGathered: true }),
    }),
    // A store that does not answer does not tell its time either.
    ...(store.ready !== undefined && { ready: () => (guard.isWell ? store.ready?.() : undefined) }),
  };
}

function guardedMany(many: ManyCapability, guard: Guard): ManyCapability {
  const about = (keys: readonly string[]): { key: string; thousands: number } => ({
    key: keys[0] ?? "",
    thousands: Math.max(1, Math.ceil(keys.length / KEYS_A_TIMEOUT)),
  });
  return {
    get: (keys, now, admit) => guard.run({ ...about(keys), ask: () => many.get(keys, now, admit) }),
    set: (entries, options) => {
      const attempt = new PendingAttempt();
      const ask = (): Awaitable<void> => many.set(entries, { ...options, attempt });
      return guard.run({ ...about(entries.map(([key]) => key)), ask, attempt });
    },
    delete: (keys) => guard.run({ ...about(keys), ask: () => many.delete(keys) }),
  };
}

function guardedLeases(leases: LeasesCapability, guard: Guard): LeasesCapability {
  const { ttlMs, keepNear } = leases;
  const isGathered = true;
  return {
    ttlMs,
    // A reader who has waited for a store in vain does not wait a second time, for the right to load.
    acquire: (key, token, admit) => {
      const attempt = new PendingAttempt();
      const ask = (): Awaitable<LeaseAnswer> => {
        // Others would wait for a lease that nobody uses: it is given back behind.
        attempt.onGiveUp(() => void (async () => leases.release(key, token))().catch(() => {}));
        return leases.acquire(key, token, admit);
      };
      return guard.runIfWell({ key, ask, isGathered, attempt });
    },
    renew: (key, token, ms) => guard.run({ key, ask: () => leases.renew(key, token, ms), isGathered }),
    fill: (key, entry, claim) => guard.run({ key, ask: () => leases.fill(key, entry, claim), isGathered }),
    release: (key, token) => guard.run({ key, ask: () => leases.release(key, token), isGathered }),
    watch: (key, wake) => leases.watch(key, wake),
    ...(keepNear !== undefined && { keepNear: (key, entry) => keepNear(key, entry) }),
  };
}

/** Each step of a walk is a call. */
async function* guardedWalk(keys: AsyncIterable<readonly string[]>, guard: Guard): AsyncGenerator<readonly string[]> {
  const steps = keys[Symbol.asyncIterator]();
  const next = async (): Promise<IteratorResult<readonly string[]>> => guard.run({ key: "", ask: () => steps.next() });
  try {
    for (let step = await next(); step.done !== true; step = await next()) yield step.value;
  } finally {
    // Not waited for: a walk that hangs would hang here too.
    void steps.return?.()?.then(undefined, () => {});
  }
}
