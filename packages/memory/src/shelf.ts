import type { CacheEntry, EntryRest } from "@granary/core";
import { LRUCache } from "lru-cache";
import { Held } from "./held.js";
import type { Bounds } from "./options.js";

/** What is spent of an era, which has as much as there are entries: it lasts for a sixteenth of them to be added, */
const ADDED = 16;
/** or for half of them to be moved. */
const MOVED = 2;

/** That every entry has. */
const FIELDS = 4;

/**
 * Entries in the order of their use, and their places. A use by a place moves the entry to the front once an era: else it
 * is in the front half of what is held, behind what was moved or added since.
 */
export class Shelf extends LRUCache<string, Held> {
  /** What the instants of what is held count from: about now, so that they are small. */
  readonly origin: number;
  /** Goes up while entries are added and moved: what was used in an earlier era is to be moved again. */
  era = 0;
  #leftOfEra = 0;
  #lastRest: EntryRest = {};

  constructor(bounds: Bounds, now: number) {
    super({ ...bounds, dispose: (held) => held.empty() });
    this.origin = now > 0 ? Math.floor(now) : 0;
  }

  /** Somebody uses an entry by its place, for the first time in this era. */
  use({ key }: Held): void {
    this.#spend(MOVED);
    this.get(key);
  }

  hold(key: string, entry: CacheEntry): void {
    this.#spend(ADDED);
    const held = new Held(key, entry, this.origin);
    if (Object.keys(entry).length > FIELDS) held.rest = this.#restOf(entry);
    this.set(key, held);
  }

  #spend(share: number): void {
    this.#leftOfEra -= share;
    if (this.#leftOfEra >= 0) return;
    this.era += 1;
    this.#leftOfEra = this.size - share;
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
