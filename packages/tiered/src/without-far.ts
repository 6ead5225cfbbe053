import type { CacheEntry } from "@granary/core";
import { asStale } from "./near-entry.js";
import type { Recovery } from "./recovery.js";

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

/** What may be given under `key` while far cannot say whether it still holds: as stale, but for what was just written here. */
export function withoutFar(recovery: Recovery, key: string, { held, now }: Held): CacheEntry | undefined {
  const seen = recovery.see(key, held);
  if (seen === undefined || seen.keepUntil <= now) return undefined;
  const owed = recovery.owedFor(key);
  const isOwn = owed?.entry === seen && now < owed.at + OWN_WRITE_MS;
  return isOwn ? seen : asStale(seen, now);
}
