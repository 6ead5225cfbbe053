import type { CacheEntry } from "@granary/core";
import { asStale } from "./near-entry.js";
import type { Repair } from "./repair.js";

/**
 * A bus that hears nothing says so within this, at whatever moment of it: what this node wrote just before is no older
 * than what it wrote just after, and is not lost to it either.
 */
const OWN_WRITE_MS = 2_000;

interface Held {
  /** What near holds. */
  readonly held: CacheEntry | undefined;
  readonly now: number;
}

/**
 * What may be given under `key` while far cannot say whether it still holds: as stale, but for what was just written here, or
 * loaded by a load that has just begun.
 */
export function withoutFar(repair: Repair, key: string, { held, now }: Held): CacheEntry | undefined {
  if (held === undefined || held.keepUntil <= now) return undefined;
  const isOwn = repair.isMissed(key) && now < held.createdAt + OWN_WRITE_MS;
  return isOwn ? held : asStale(held, now);
}
