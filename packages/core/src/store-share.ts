import type { Clock } from "./clock.js";
import { Flights } from "./flights.js";
import { guarded } from "./guarded.js";
import { marked } from "./marked.js";
import { basesOf } from "./scope.js";
import { Stamps } from "./stamps.js";
import type { CacheStore, StoreEvent } from "./store.js";

/** What every cache on one store in this process shares: loads of a key are one, whoever asks. */
export class StoreShare {
  readonly flights: Flights;
  readonly stamps: Stamps;
  /** The store, judging its entries by marks, and guarded where it may hang. */
  readonly store: CacheStore;
  readonly #given: CacheStore;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #silence: (() => void) | undefined;
  #users = 0;

  private constructor(store: CacheStore, clock: Clock) {
    this.#given = store;
    this.store = store.remote === false ? marked(store) : guarded(store, { clock });
    this.flights = new Flights(clock);
    this.stamps = new Stamps(clock);
    this.#silence = this.store.on?.((event) => this.#hear(event));
  }

  /** The share of `store`, which a later cache on the same store finds again until the last one has left. */
  static of(store: CacheStore, clock: Clock): StoreShare {
    const share = shares.get(store) ?? new StoreShare(store, clock);
    shares.set(store, share);
    share.#users += 1;
    return share;
  }

  listen(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One user less; the last one ends the flights and closes the store. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    shares.delete(this.#given);
    this.flights.close();
    this.#silence?.();
    await this.store.close?.();
  }

  #hear(event: StoreEvent): void {
    if (event.type === "changed") for (const key of event.keys) this.flights.hear(key);
    if (event.type === "gap") this.flights.hearAll([""]);
    if (event.type === "marked") {
      this.stamps.observe(event.at);
      this.flights.hearAll(basesOf(event.scope));
    }
    for (const listener of this.#listeners) listener(event);
  }
}

const shares = new WeakMap<CacheStore, StoreShare>();
