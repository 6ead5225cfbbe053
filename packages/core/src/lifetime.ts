import type { CacheEntry } from "./entry.js";
import type { ResolvedPolicy } from "./policy.js";

/** How long the mark of a tag is kept at the least. No entry with tags lives longer, so none outlives its mark. */
export const TAG_LIFE_MS = 30 * 86_400_000;

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
  const { value, createdAt, tags = policy.tags } = candidate;
  if (tags.length === 0) return { value, createdAt, freshUntil, keepUntil: freshUntil + staleMs(policy) };
  const lastUntil = Math.floor(createdAt + TAG_LIFE_MS);
  const keepUntil = Math.min(freshUntil + staleMs(policy), lastUntil);
  // Written out, not spread over the entry: a hit reads an object of a known shape several times as fast.
  return { value, createdAt, freshUntil: Math.min(freshUntil, lastUntil), keepUntil, tags };
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
