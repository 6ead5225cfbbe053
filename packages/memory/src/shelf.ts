import type { CacheEntry, EntryRest } from "@granary/core";
import { LRUCache } from "lru-cache";
import { Held } from "./held.js";
import type { Bounds } from "./options.js";

/** The last uses by a place that are known; a power of two. */
const LAST_USES = 128;
/** An era lasts for this share of what is held to be added, a sixteenth, as long as there are no more uses than entries. */
const ERA_SHIFT = 4;

/** That every entry has. */
const FIELDS = 4;

/**
 * Entries in the order of their use, and their places. A use by a place moves the entry to the front once an era. The
 * last 128 uses are written down besides, and made up for in their order when the era ends.
 */
export class Shelf extends LRUCache<string, Held> {
  /** What the instants of what is held count from: about now, so that they are small. */
  readonly origin: number;
  /** Goes up while entries are added: what was used in an earlier era is to be moved again. */
  era = 0;
  #leftInEra = 0;
  readonly #uses: Held[] = [];
  #useCount = 0;
  #lastRest: EntryRest = {};

  constructor(bounds: Bounds, now: number) {
    super({ ...bounds, dispose: (held) => held.empty() });
    this.origin = now > 0 ? Math.floor(now) : 0;
  }

  /** Somebody uses an entry by its place. */
  use(held: Held): void {
    this.#uses[this.#useCount & (LAST_USES - 1)] = held;
    this.#useCount += 1;
  }

  hold(key: string, entry: CacheEntry, sequence: number): void {
    if (this.#leftInEra === 0 || this.#useCount > this.size) this.#endEra();
    else this.#leftInEra -= 1;
    const held = new Held(key, entry, { origin: this.origin, sequence });
    if (Object.keys(entry).length > FIELDS) held.rest = this.#restOf(entry);
    this.set(key, held);
  }

  #endEra(): void {
    const count = this.#useCount;
    for (let at = Math.max(0, count - LAST_USES); at < count; at += 1) {
      const { key, freshUntil } = this.#uses[at & (LAST_USES - 1)] as Held;
      // An empty place says nothing about what is held under its key by now.
      if (freshUntil > Number.NEGATIVE_INFINITY) this.get(key);
    }
    this.#useCount = 0;
    this.era += 1;
    this.#leftInEra = this.size >> ERA_SHIFT;
  }

  /** What `entry` carries, in one object with the last where it is the same: what tiers add to their copies mostly is. */
  #restOf(entry: CacheEntry): EntryRest {
    const { value: _value, createdAt: _createdAt, freshUntil: _freshUntil, keepUntil: _keepUntil, ...rest } = entry;
    const last = this.#lastRest;
    for (const name in { ...last, ...rest })
      if (last[name as keyof EntryRest] !== rest[name as keyof EntryRest]) this.#lastRest = rest;
    return this.#lastRest;
  }
}
