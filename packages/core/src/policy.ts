import type { OptionNames } from "./check-options.js";
import { describe } from "./describe.js";
import { type Duration, isKnownDuration, parseDuration } from "./duration.js";
import { CacheError } from "./errors.js";
import type { Params } from "./key.js";

/** How long a value lives, what may be served after that, and how long a reader waits. Per cache and per call. */
export interface Policy {
  /** Fresh this long; `0` means do not store. Default `"5m"`. */
  readonly ttl?: Duration;
  /** A random share of the ttl, from 0 up to this, is taken off, so that a batch does not expire at once. Default `0.1`. */
  readonly jitter?: number | false;
  /** After the ttl, serve stale this long at once and refresh behind (RFC 5861). Default `0`. */
  readonly staleWhileRevalidate?: Duration;
  /** After the ttl, serve stale this long where a load fails (RFC 5861). Default `0`. */
  readonly staleIfError?: Duration;
  /** After a failed refresh, serve stale this long before the next attempt. Default `"10s"`. */
  readonly retryAfter?: Duration;
  /** With a stale value at hand, wait no longer than this for a load; it goes on behind. Default: none. */
  readonly softTimeout?: Duration;
  /** A load that takes longer fails with `CacheError("LOAD_TIMEOUT")`. Default `"30s"`. */
  readonly hardTimeout?: Duration;
  /** A read later than this fraction of the ttl refreshes behind, e.g. `0.8`. Default `0`, which is off. */
  readonly refreshAhead?: number;
  /** The ttl of an absent result, `undefined` or `null`. Default: `undefined` is not stored, `null` is a value like any. */
  readonly negativeTtl?: Duration;
  /** What the entry can be invalidated by, beside its id. An entry with tags lives for 30 days at most. Default: none. */
  readonly tags?: readonly string[];
  /** Ask the store for the right to load, where it can give it, so that one node of the fleet loads. Default `true`. */
  readonly lease?: boolean;
  /**
   * Keeps work alive that nobody waits for: it is given a promise for each refresh behind, and for each load that goes on
   * after a soft timeout. Such as the `waitUntil` of a request, where the runtime ends work with its request. Default: none.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** The policy of one call. */
export interface CallOptions extends Policy {
  /** Plain data that becomes part of the key, in any property order. */
  readonly params?: Params;
  /** Rejects this call when it aborts. The load aborts when the last caller has left. */
  readonly signal?: AbortSignal;
}

/** A policy with every default in place, in milliseconds. */
export interface ResolvedPolicy {
  readonly ttlMs: number;
  readonly jitter: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly retryAfterMs: number;
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  readonly refreshAhead: number;
  readonly negativeTtlMs: number | undefined;
  readonly tags: readonly string[];
  readonly lease: boolean;
  readonly waitUntil: Policy["waitUntil"];
}

/** What a policy is where nobody says otherwise. A soft timeout of `Infinity` is none. */
export const DEFAULT_POLICY: ResolvedPolicy = {
  ttlMs: 300_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  retryAfterMs: 10_000,
  softTimeoutMs: Number.POSITIVE_INFINITY,
  hardTimeoutMs: 30_000,
  refreshAhead: 0,
  negativeTtlMs: undefined,
  tags: [],
  lease: true,
  waitUntil: undefined,
};

const DURATIONS: ReadonlySet<string> = new Set<keyof Policy>([
  "ttl",
  "staleWhileRevalidate",
  "staleIfError",
  "retryAfter",
  "softTimeout",
  "hardTimeout",
  "negativeTtl",
]);

/** The names of the options of a policy. */
export const POLICY_OPTIONS: OptionNames<Policy> = {
  ttl: true,
  jitter: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  retryAfter: true,
  softTimeout: true,
  hardTimeout: true,
  refreshAhead: true,
  negativeTtl: true,
  tags: true,
  lease: true,
  waitUntil: true,
};

/** The names of the options of one call. */
export const CALL_OPTIONS: OptionNames<CallOptions> = { ...POLICY_OPTIONS, params: true, signal: true };

/**
 * `raw` over `base`.
 * @throws CacheError `INVALID_OPTION` where a value is not of its form.
 */
export function resolvePolicy(base: ResolvedPolicy, raw: Policy): ResolvedPolicy {
  return {
    ttlMs: durationOr(base.ttlMs, raw.ttl, "ttl"),
    jitter: raw.jitter === false ? 0 : fractionOr(base.jitter, raw.jitter, "jitter"),
    staleWhileRevalidateMs: durationOr(base.staleWhileRevalidateMs, raw.staleWhileRevalidate, "staleWhileRevalidate"),
    staleIfErrorMs: durationOr(base.staleIfErrorMs, raw.staleIfError, "staleIfError"),
    retryAfterMs: durationOr(base.retryAfterMs, raw.retryAfter, "retryAfter"),
    softTimeoutMs: durationOr(base.softTimeoutMs, raw.softTimeout, "softTimeout"),
    hardTimeoutMs: durationOr(base.hardTimeoutMs, raw.hardTimeout, "hardTimeout"),
    refreshAhead: fractionOr(base.refreshAhead, raw.refreshAhead, "refreshAhead"),
    negativeTtlMs: durationOr(base.negativeTtlMs, raw.negativeTtl, "negativeTtl"),
    tags: raw.tags === undefined ? base.tags : checkTags(raw.tags),
    lease: raw.lease === undefined ? base.lease : checkLease(raw.lease),
    waitUntil: raw.waitUntil === undefined ? base.waitUntil : checkWaitUntil(raw.waitUntil),
  };
}

/**
 * Whether `options` are none that a fresh value at hand has to do with, and valid at a glance. All others are to be
 * resolved, which refuses those that are wrong.
 */
export function concernsLoadsOnly(options: CallOptions): boolean {
  if (typeof options !== "object" || options === null) return false;
  // A date, a map or a promise in the place of options has no names.
  let hasNames = false;
  for (const name in options) {
    hasNames = true;
    const value: unknown = options[name as keyof CallOptions];
    if (value === undefined && Object.hasOwn(POLICY_OPTIONS, name)) continue;
    if (name === "waitUntil" && typeof value === "function") continue;
    if (!(name === "tags" ? areTags(value) : DURATIONS.has(name) && isKnownDuration(value))) return false;
  }
  return hasNames;
}

/**
 * The tags, each once.
 * @throws CacheError `INVALID_OPTION` where one is not text.
 */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (areTags(tags)) return [...new Set(tags)];
  throw new CacheError("INVALID_OPTION", 'tags: write a list of texts that are not empty, such as ["team:7"].');
}

function areTags(tags: unknown): tags is readonly string[] {
  return Array.isArray(tags) && tags.every((tag) => typeof tag === "string" && tag !== "");
}

function checkLease(lease: boolean): boolean {
  if (typeof lease === "boolean") return lease;
  throw new CacheError("INVALID_OPTION", `lease: write true or false, not ${describe(lease)}.`);
}

function checkWaitUntil(waitUntil: Policy["waitUntil"]): Policy["waitUntil"] {
  if (typeof waitUntil === "function") return waitUntil;
  throw new CacheError(
    "INVALID_OPTION",
    `waitUntil: takes a function of a promise, such as (work) => ctx.waitUntil(work), not ${describe(waitUntil)}.`,
  );
}

function durationOr<Base>(base: Base, raw: Duration | undefined, option: string): number | Base {
  return raw === undefined ? base : parseDuration(raw, option);
}

function fractionOr(base: number, raw: number | undefined, option: string): number {
  if (raw === undefined) return base;
  if (typeof raw === "number" && raw >= 0 && raw <= 1) return raw;
  throw new CacheError("INVALID_OPTION", `${option}: ${describe(raw)} is not a fraction. Write a number from 0 to 1.`);
}
