import type { CacheEntry, EntryRest } from "@granary/core";
import { LRUCache } from "lru-cache";
import { Held } from "./held.js";
import type { Bounds } from "./options.js";

/** Uses that are remembered until the order of the entries matters. */
const MOST_USES = 128;

/** That every entry has. */
const FIELDS = 4;

/**
 * Entries in the order of their use, and their places. A use by a place is written down, which is all that a hit pays
 * for it, and made up for when the order matters next: before anything is added or looked up. (The read buffer of
 * Caffeine, without threads.) What is used more often than that in between counts as used, not when.
 */
export class Shelf extends LRUCache<string, Held> {
  /** What the instants of what is held count from: about now, so that they are small. */
  readonly origin: number;
  readonly #uses: Held[] = [];
  #useCount = 0;
  #lastRest: EntryRest = {};

  constructor(bounds: Bounds, now: number) {
    super({ ...bounds, dispose: (held) => held.empty() });
    this.origin = now > 0 ? Math.floor(now) : 0;
  }

  /** What is held under `key`. Counts as a use. */
  seek(key: string): Held | undefined {
    if (this.#useCount > 0) this.#makeUp();
    return this.get(key);
  }

  /** Somebody uses an entry by its place. */
  use(held: Held): void {
    if (this.#useCount === MOST_USES) return;
    this.#uses[this.#useCount] = held;
    this.#useCount += 1;
  }

  hold(key: string, entry: CacheEntry): void {
    if (this.#useCount > 0) this.#makeUp();
    const held = new Held(key, entry, this.origin);
    if (Object.keys(entry).length > FIELDS) held.rest = this.#restOf(entry);
    this.set(key, held);
  }

  /** What `entry` carries, in one object with the last where it is the same: what tiers add to their copies mostly is. */
  #restOf(entry: CacheEntry): EntryRest {
    const { value: _value, createdAt: _createdAt, freshUntil: _freshUntil, keepUntil: _keepUntil, ...rest } = entry;
    const last = this.#lastRest;
    for (const name in { ...last, ...rest })
      if (last[name as keyof EntryRest] !== rest[name as keyof EntryRest]) this.#lastRest = rest;
    return this.#lastRest;
  }

  #makeUp(): void {
    const count = this.#useCount;
    this.#useCount = 0;
    for (let at = 0; at < count; at += 1) {
      const held = this.#uses[at] as Held;
      if (held.freshUntil > Number.NEGATIVE_INFINITY) this.get(held.key);
    }
  }
}
