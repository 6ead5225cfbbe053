import type { CacheEntry, MissedChange } from "@granary/core";

/** What of a change can still be made: a value that is over, or from another clock than is followed now, is a deletion. */
export function replayable({ at, entry }: MissedChange, now: number): MissedChange {
  return { at, entry: at <= now ? alive(entry, now) : undefined };
}

export function alive(entry: CacheEntry | undefined, now: number): CacheEntry | undefined {
  return entry === undefined || entry.keepUntil <= now ? undefined : entry;
}
