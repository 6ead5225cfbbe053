import type { CacheEntry } from "@granary/core";

/** An entry as the near tier holds it. A store that does not keep the two extra fields is correct, but asks the far tier each time. */
export interface NearEntry extends CacheEntry {
  /** Until when this copy may be given as fresh without asking the far tier. Never later than `freshUntil`. */
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
  const nearUntil = Math.min(freshUntil, now + l1TtlMs);
  // Written out, not spread: a hit reads an object of a known shape several times as fast. Most entries have no more.
  const copy = { value, createdAt, freshUntil, keepUntil, nearUntil, epoch };
  return tags === undefined && etag === undefined && lastModified === undefined
    ? copy
    : { ...copy, tags, etag, lastModified };
}

/** Whether the far tier need not be asked. */
export function isTrusted(found: CacheEntry, epoch: number, now: number): boolean {
  const near = found as Partial<NearEntry>;
  return near.nearUntil !== undefined && near.nearUntil > now && near.epoch === epoch;
}

/** The copy as it may be served while the far tier cannot say whether it still holds: as stale. */
export function asStale(found: CacheEntry, now: number): CacheEntry {
  return found.freshUntil > now ? { ...found, freshUntil: now } : found;
}
