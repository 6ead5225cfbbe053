import { type CacheEntry, CLOCK_ERROR_MS, type EntryRest } from "@granary/core";

/**
 * An entry as the near tier holds it. A store that does not keep the two extra fields is correct, but asks the far tier
 * each time. They are the same for all copies of one moment, and with a bus for all of one epoch: memory keeps them once.
 */
export interface NearEntry extends CacheEntry {
  /** Until when this copy, as long as it is fresh, may be given without asking the far tier. */
  readonly nearUntil: number;
  /** The stretch without a gap on the bus in which the copy was taken in, as `lone` where far does not have the entry. */
  readonly epoch: number;
}

/** Stands for `epoch` in a copy of what far could not be asked or told: below zero, so that no hit has to look twice. */
export function lone(epoch: number): number {
  return -1 - epoch;
}

/** Where and when a copy is taken in. */
export interface Intake {
  readonly now: number;
  readonly l1TtlMs: number;
  readonly epoch: number;
}

/** The copy of `entry` for the near tier: same deadlines, since a copy must not start its life again. */
export function nearEntry(entry: CacheEntry, { now, l1TtlMs, epoch }: Intake): NearEntry {
  const { value, createdAt, freshUntil, keepUntil, tags, etag, lastModified } = entry;
  const copy = { value, createdAt, freshUntil, keepUntil, nearUntil: Math.floor(now + l1TtlMs), epoch };
  return tags === undefined && etag === undefined && lastModified === undefined
    ? copy
    : { ...copy, tags, etag, lastModified };
}

/** Whether the far tier need not be asked for an entry that is fresh, and carries `rest`. */
export function isTrusted(rest: EntryRest, epoch: number, now: number): boolean {
  const near = rest as Partial<NearEntry>;
  return near.nearUntil !== undefined && near.nearUntil > now && near.epoch === epoch;
}

/**
 * The copy as it may be served while the far tier cannot say whether it still holds: as stale, also by a clock that is
 * read again and gives an earlier instant.
 */
export function asStale(found: CacheEntry, now: number): CacheEntry {
  const freshUntil = now - CLOCK_ERROR_MS;
  return found.freshUntil > freshUntil ? { ...found, freshUntil } : found;
}
