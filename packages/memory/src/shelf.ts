import type { CacheEntry, EntryHandle } from "@granary/core";
import { LRUCache } from "lru-cache";
import type { Bounds } from "./options.js";

/** What `LRUCache` holds for a key. Emptied when it holds something else there, or nothing. */
export interface Place extends EntryHandle {
  entry: CacheEntry | undefined;
  /** The version of the marks by which the entry was last permitted. */
  permittedBy: number;
}

const NEVER = -1;

/** Uses that are remembered until the order of the entries matters. */
const MOST_USES = 128;

/**
 * Entries in the order of their use, and their places. A use by a place is written down, which is all that a hit pays
 * for it, and made up for when the order matters next: before anything is added or looked up. (The read buffer of
 * Caffeine, without threads.) What is used more often than that in between counts as used, not when.
 */
export class Shelf {
  readonly #places: LRUCache<string, Place>;
  readonly #uses: Place[] = [];
  #useCount = 0;

  constructor({ sizeCalculation, ...bounds }: Bounds) {
    this.#places = new LRUCache({
      ...bounds,
      ...(sizeCalculation !== undefined && {
        sizeCalculation: ({ key, entry }) => sizeCalculation(entry as CacheEntry, key),
      }),
      dispose: (place) => {
        place.entry = undefined;
      },
    });
  }

  get size(): number {
    return this.#places.size;
  }

  get bytes(): number {
    return this.#places.calculatedSize;
  }

  /** The entry of `key`. Counts as a use. */
  get(key: string): CacheEntry | undefined {
    if (this.#useCount > 0) this.#makeUp();
    return this.#places.get(key)?.entry;
  }

  /** The place of `key`. Counts as no use. */
  placeOf(key: string): Place | undefined {
    return this.#places.peek(key);
  }

  /** Somebody uses an entry by its place. */
  use(place: Place): void {
    if (this.#useCount === MOST_USES) return;
    this.#uses[this.#useCount] = place;
    this.#useCount += 1;
  }

  set(key: string, entry: CacheEntry): void {
    if (this.#useCount > 0) this.#makeUp();
    this.#places.set(key, { key, entry, permittedBy: NEVER });
  }

  delete(key: string): void {
    this.#places.delete(key);
  }

  keys(): string[] {
    return [...this.#places.keys()];
  }

  clear(): void {
    this.#places.clear();
  }

  #makeUp(): void {
    const count = this.#useCount;
    this.#useCount = 0;
    for (let at = 0; at < count; at += 1) {
      const { key, entry } = this.#uses[at] as Place;
      if (entry !== undefined) this.#places.get(key);
    }
  }
}
