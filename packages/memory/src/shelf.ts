import type { CacheEntry, EntryRest } from "@granary/core";
import { LRUCache } from "lru-cache";
import { Held } from "./held.js";
import type { Bounds } from "./options.js";

/** An era of the order lasts until this share of the entries has been added: a sixteenth. */
const ERA_SHIFT = 4;

/** That every entry has. */
const FIELDS = 4;

/**
 * Entries in the order of their use, and their places. A use by a place moves the entry to the front once an era: it is
 * there already, or so near to it that it stays until most of what is held has made room.
 */
export class Shelf extends LRUCache<string, Held> {
  /** What the instants of what is held count from: about now, so that they are small. */
  readonly origin: number;
  /** Goes up while entries are added: what was used in an earlier era is to be moved again. */
  era = 0;
  #leftInEra = 0;
  #lastRest: EntryRest = {};

  constructor(bounds: Bounds, now: number) {
    super({ ...bounds, dispose: (held) => held.empty() });
    this.origin = now > 0 ? Math.floor(now) : 0;
  }

  hold(key: string, entry: CacheEntry): void {
    if (this.#leftInEra === 0) {
      this.era += 1;
      this.#leftInEra = this.size >> ERA_SHIFT;
    } else this.#leftInEra -= 1;
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
}
