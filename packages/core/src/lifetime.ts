import { CLOCK_ERROR_MS } from "./clock.js";
import type { CacheEntry } from "./entry.js";
import type { ResolvedPolicy } from "./policy.js";
import type { ExpireTerms } from "./store.js";

/** A value that is to become an entry. */
export interface Candidate {
  readonly value: unknown;
  /** When the load that made the value began. */
  readonly createdAt: number;
  /** What the loader said instead of the policy's ttl. */
  readonly ttlMs?: number | undefined;
  /** The tags it carries, instead of the policy's. */
  readonly tags?: readonly string[] | undefined;
}

/** The entry of `candidate` from `now` on, or `undefined` where the policy says not to store it. */
export function makeEntry(policy: ResolvedPolicy, candidate: Candidate, now: number): CacheEntry | undefined {
  const ttlMs = candidate.ttlMs ?? ttlOf(policy, candidate.value);
  if (ttlMs === 0) return undefined;
  // Whole milliseconds, as every store keeps them, and rounded down, so that nothing outlives its ttl.
  const freshUntil = Math.floor(now + ttlMs * (1 - policy.jitter * Math.random()));
  const keepUntil = freshUntil + staleMs(policy);
  const { value, tags = policy.tags } = candidate;
  const createdAt = Math.floor(candidate.createdAt);
  // Written out, not spread over the entry: a hit reads an object of a known shape several times as fast.
  return tags.length === 0
    ? { value, createdAt, freshUntil, keepUntil }
    : { value, createdAt, freshUntil, keepUntil, tags };
}

/** Whether the policy says to store `value`. */
export function isStored(policy: ResolvedPolicy, value: unknown): boolean {
  return ttlOf(policy, value) !== 0;
}

/** How long an entry is kept after it has ceased to be fresh. */
export function staleMs(policy: ResolvedPolicy): number {
  return Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs);
}

/** Whether negative caching covers `value`. */
export function isAbsentResult(policy: ResolvedPolicy, value: unknown): boolean {
  return value === undefined || (value === null && policy.negativeTtlMs !== undefined);
}

function ttlOf(policy: ResolvedPolicy, value: unknown): number {
  if (!isAbsentResult(policy, value)) return policy.ttlMs;
  return policy.negativeTtlMs ?? 0;
}

/**
 * The entry as stale from now on, or `undefined` where it may not be served as stale. The next look at a clock that
 * follows another one may give an earlier instant, here or on another node, and the entry must be stale by that too.
 */
export function expiredEntry(found: CacheEntry, terms: ExpireTerms): CacheEntry | undefined {
  const { freshUntil, keepUntil } = expiredUntil(terms);
  const last = Math.min(found.keepUntil, keepUntil);
  if (last <= terms.now) return undefined;
  return { ...found, tier: undefined, freshUntil: Math.min(found.freshUntil, freshUntil), keepUntil: last };
}

/** Until when an entry is fresh, and kept, at the most, that is made stale now. */
export function expiredUntil({ now, staleMs: ms }: ExpireTerms): Pick<CacheEntry, "freshUntil" | "keepUntil"> {
  const whole = Math.floor(now);
  return { freshUntil: whole - CLOCK_ERROR_MS, keepUntil: whole + ms };
}
