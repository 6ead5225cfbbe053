import {
  type Admit,
  type CacheEntry,
  isCacheError,
  type LeaseAnswer,
  type LeaseClaim,
  type LeasesCapability,
} from "@granary/core";
import type { Fill, Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";
import type { Recovery } from "./recovery.js";

export interface TieredLeasesOptions {
  readonly near: NearTier;
  readonly far: LeasesCapability;
  readonly fills: Fills;
  readonly recovery: Recovery;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
}

/** The leases of the far tier; what goes to it or comes from it under one is kept near too. */
export function tieredLeases({ near, far, fills, recovery, publish }: TieredLeasesOptions): LeasesCapability {
  /** Keeps a copy of what far holds, unless something changed the key meanwhile. */
  async function acquire(key: string, token: string, admit?: Admit): Promise<LeaseAnswer> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const answer = await far.acquire(key, token, admit);
      const entry = recovery.see(key, answer.entry);
      if (entry !== undefined && fill.standing) await near.put(key, entry, intake);
      return { ...answer, entry };
    } finally {
      fills.end(key, fill);
    }
  }

  async function write(key: string, entry: CacheEntry, claim: LeaseClaim): Promise<boolean> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const isFilled = await filled({ far, near }, key, { entry, claim, fill });
      if (isFilled) recovery.forget(key);
      // Where the new entry cannot be kept, what is held is what was there before it, or before another one's change.
      const isKept = isFilled && fill.standing;
      // A read of what was there before may still be on its way: it must not come to stand over this.
      fills.void(key);
      if (isKept) await near.put(key, entry, intake);
      else await near.drop(key);
      if (isFilled && claim.reason !== "fill") publish([key]);
      return isFilled;
    } finally {
      fills.end(key, fill);
    }
  }

  return {
    ttlMs: far.ttlMs,
    acquire,
    fill: write,
    keepNear: (key, entry) => keptNear({ far, near, fills }, key, entry),
    renew: (key, token) => far.renew(key, token),
    release: (key, token) => far.release(key, token),
    watch: (key, wake) => far.watch(key, wake),
  };
}

interface Filling {
  readonly entry: CacheEntry;
  readonly claim: LeaseClaim;
  readonly fill: Fill;
}

/** Whether far has taken the entry. Where it does not answer, this node keeps it for itself until that does. */
async function filled(
  { far, near }: Pick<TieredLeasesOptions, "far" | "near">,
  key: string,
  { entry, claim, fill }: Filling,
): Promise<boolean> {
  try {
    return await far.fill(key, entry, claim);
  } catch (error) {
    if (fill.standing && !isCacheError(error, "INVALID_VALUE")) await near.put(key, entry, near.loneIntake());
    throw error;
  }
}

/** Keeps a value that was loaded without a lease. */
async function keptNear(
  { far, near, fills }: Pick<TieredLeasesOptions, "far" | "near" | "fills">,
  key: string,
  entry: CacheEntry,
): Promise<boolean> {
  fills.void(key);
  await Promise.all([near.put(key, entry, near.loneIntake()), far.keepNear?.(key, entry)]);
  return true;
}
