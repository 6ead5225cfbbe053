import type { Clock } from "./clock.js";
import type { Awaitable } from "./entry.js";
import { Flights } from "./flights.js";
import { guarded } from "./guarded.js";
import { processWide } from "./process-wide.js";
import { basesOf } from "./scope.js";
import type { CacheStore, StoreEvent } from "./store.js";
import { withGenerations } from "./with-generations.js";

/**
 * What every cache on one store in this process shares, by whatever copy of this package it was made: loads of a key are
 * one, whoever asks. It outlives its caches, and serves the next one.
 */
export class StoreShare {
  /** The store, giving out nothing that was invalidated, and guarded where it may hang. */
  readonly store: CacheStore;
  readonly #given: CacheStore;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #flights: Flights;
  #silence: (() => Awaitable<void>) | undefined;
  #users = 0;

  constructor(store: CacheStore, clock: Clock) {
    this.#given = store;
    this.store = store.remote === false ? withGenerations(store) : guarded(store, { clock });
    this.#clock = clock;
    this.#flights = new Flights(clock);
  }

  get flights(): Flights {
    return this.#flights;
  }

  /** Whether caches by `clock` can use it: those in use agree on one already. */
  serves(clock: Clock): boolean {
    return this.#users > 0 || this.#clock === clock;
  }

  /** One user more. @throws CacheError `CLOSED` where the store was closed. */
  join(): void {
    if (this.#users === 0) {
      this.#silence = this.store.on?.((event) => this.#hear(event));
      this.#flights = new Flights(this.#clock);
    } else {
      // Only a store that was not closed can be listened to.
      void this.#given.on?.(() => {})();
    }
    this.#users += 1;
  }

  listen(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One user less; the last one ends the loads and leaves the store as it is, for whoever uses it next. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const silence = this.#silence;
    this.#silence = undefined;
    this.#flights.close();
    await silence?.();
  }

  #hear(event: StoreEvent): void {
    if (event.type === "changed") for (const key of event.keys) this.flights.hear(key);
    if (event.type === "gap" || event.type === "failover") this.flights.hearAll([""]);
    if (event.type === "invalidated") this.flights.hearAll(basesOf(event.scope));
    for (const listener of this.#listeners) listener(event);
  }
}

const shares = processWide("shares", () => new WeakMap<CacheStore, StoreShare>());

/** The share of `store`, perhaps one that another copy of this package has made, and one user more. */
export function shareOf(store: CacheStore, clock: Clock): StoreShare {
  const known = shares.get(store);
  const share = known?.serves(clock) === true ? known : new StoreShare(store, clock);
  share.join();
  shares.set(store, share);
  return share;
}
