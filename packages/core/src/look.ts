import type { Awaitable, CacheEntry } from "./entry.js";

/** How often a look is taken, where something changes the key meanwhile. After that, the key counts as absent. */
export const MOST_LOOKS = 3;

/** A look at the store that several callers share. */
export interface Look {
  readonly found: Awaitable<CacheEntry | undefined>;
  /** Something changed the key since the look began: what it finds may be the past. */
  voided: boolean;
}

/** What is looked at. */
export interface Readable {
  get(key: string, now: number): Awaitable<CacheEntry | undefined>;
}
