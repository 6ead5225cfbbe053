import type { Flight } from "./flight.js";

/** So many keys that no flight is under way for are not worth taking out. */
const FEW_KEYS = 1_000;

/**
 * The flights that a caller may join, one a key. What is taken out leaves its key behind for a while: a `Map` of V8 that
 * is emptied shrinks, and the table that it leaves behind holds on to the next one, with all that was ever in it, until
 * the whole heap is collected.
 */
export class Flying {
  #flights = new Map<string, Flight | undefined>();
  #count = 0;

  of(key: string): Flight | undefined {
    return this.#count === 0 ? undefined : this.#flights.get(key);
  }

  add(flight: Flight): void {
    this.#flights.set(flight.key, flight);
    this.#count += 1;
  }

  /** Whether it was there. */
  remove(flight: Flight): boolean {
    if (this.of(flight.key) !== flight) return false;
    this.#flights.set(flight.key, undefined);
    this.#count -= 1;
    if (this.#flights.size > FEW_KEYS + 2 * this.#count) {
      this.#flights = new Map(this.all().map((other) => [other.key, other]));
    }
    return true;
  }

  all(): readonly Flight[] {
    return [...this.#flights.values()].filter((flight) => flight !== undefined);
  }
}
