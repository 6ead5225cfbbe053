import type { Admit, CacheEntry, LeaseAnswer, LeaseClaim, LeasesCapability } from "@granary/core";
import type { Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";

export interface TieredLeasesOptions {
  readonly near: NearTier;
  readonly far: LeasesCapability;
  readonly fills: Fills;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
}

/** The leases of the far tier; what goes to it or comes from it under one is kept near too. */
export function tieredLeases({ near, far, fills, publish }: TieredLeasesOptions): LeasesCapability {
  /** Keeps a copy of what far holds, unless something changed the key meanwhile. */
  async function acquire(key: string, token: string, admit?: Admit): Promise<LeaseAnswer> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const answer = await far.acquire(key, token, admit);
      if (answer.entry !== undefined && fill.standing) await near.put(key, answer.entry, intake);
      return answer;
    } finally {
      fills.end(key, fill);
    }
  }

  async function write(key: string, entry: CacheEntry, claim: LeaseClaim): Promise<boolean> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const isFilled = await far.fill(key, entry, claim);
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

  const keepNear = async (key: string, entry: CacheEntry): Promise<boolean> => {
    fills.void(key);
    await Promise.all([near.put(key, entry, near.intake()), far.keepNear?.(key, entry)]);
    return true;
  };

  return {
    ttlMs: far.ttlMs,
    acquire,
    fill: write,
    keepNear,
    renew: (key, token) => far.renew(key, token),
    release: (key, token) => far.release(key, token),
    watch: (key, wake) => far.watch(key, wake),
  };
}
