import type { CacheEntry } from "./entry.js";
import type { ValuesCapability } from "./store.js";

/** Values of one's own for whoever brings and whoever is given one, where the store keeps them apart; else they are shared. */
export class OwnValues {
  readonly #values: ValuesCapability | undefined;

  constructor(values: ValuesCapability | undefined) {
    this.#values = values;
  }

  /** What a caller or a loader has brought, as it is now. */
  take(value: unknown): unknown {
    return this.#values === undefined ? value : apart(value, this.#values.take);
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
