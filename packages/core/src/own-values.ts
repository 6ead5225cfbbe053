import type { CacheEntry } from "./entry.js";
import type { CacheStore, ValuesCapability } from "./store.js";

/** Values of one's own for whoever brings and whoever is given one, where the store keeps them apart; else they are shared. */
export class OwnValues {
  readonly #values: ValuesCapability | undefined;

  readonly #snapshot: CacheStore["snapshot"];

  constructor({ values, snapshot }: Pick<CacheStore, "values" | "snapshot">) {
    this.#values = values;
    this.#snapshot = snapshot;
  }

  /** What a caller or a loader has brought, as it is now. */
  take(value: unknown): unknown {
    return this.#values === undefined ? value : apart(value, this.#values.take);
  }

  /** As `take`, of what is written later than it was asked for. What a store writes at once needs no copy. */
  takeForLater(value: unknown): unknown {
    return this.#snapshot === undefined ? this.take(value) : apart(value, this.#snapshot);
  }

  /** What one caller is given of a value that others may be given as well. */
  give(value: unknown): unknown {
    return this.#values === undefined ? value : apart(value, this.#values.give);
  }

  /** `entry` with a value for one caller. */
  own<Found extends CacheEntry | undefined>(entry: Found): Found {
    return this.#values === undefined || entry === undefined ? entry : { ...entry, value: this.give(entry.value) };
  }
}

/** What cannot be kept apart the store refuses, and says so, when it is to be stored. */
function apart(value: unknown, copy: (value: unknown) => unknown): unknown {
  try {
    return copy(value);
  } catch {
    return value;
  }
}
