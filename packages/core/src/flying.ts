import type { Flight } from "./flight.js";

/** So many keys that no flight is under way for are not worth taking out. */
const FEW_KEYS = 1_000;

/**
 * The flights that a caller may join, one a key. What is taken out leaves its key behind for a while: a `Map` of V8 that
 * is emptied shrinks, and the table that it leaves behind holds on to the next one, with all that was ever in it, until
 * the whole heap is collected.
 */
export class Flying {
  /** The one that was added last, which mostly has landed before there is another. */
  #last: Flight | undefined;
  #others = new Map<string, Flight | undefined>();
  /** So many of the others have not landed. */
  #count = 0;

  of(key: string): Flight | undefined {
    if (this.#last?.key === key) return this.#last;
    return this.#count === 0 ? undefined : this.#others.get(key);
  }

  add(flight: Flight): void {
    if (this.#last !== undefined) {
      this.#others.set(this.#last.key, this.#last);
      this.#count += 1;
      this.#last = undefined;
    }
    if (this.#others.size > FEW_KEYS + 2 * this.#count) {
      this.#others = new Map(this.all().map((other) => [other.key, other]));
    }
    this.#last = flight;
  }

  /** Called before a flight is void or has landed, when it is here no more. Whether it was there. */
  remove(flight: Flight): boolean {
    if (flight.voided || flight.landed) return false;
    if (this.#last === flight) this.#last = undefined;
    else {
      this.#others.set(flight.key, undefined);
      this.#count -= 1;
    }
    return true;
  }

  all(): readonly Flight[] {
    return [this.#last, ...this.#others.values()].filter((flight) => flight !== undefined);
  }
}
