import {
  type Admit,
  type CacheEntry,
  isCacheError,
  type LeaseAnswer,
  type LeaseClaim,
  type LeasesCapability,
} from "@granary/core";
import type { Fill, Fills } from "./fills.js";
import { asStale } from "./near-entry.js";
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
    const [fill, intake, see] = [fills.begin(key), near.intake(), recovery.sight(key)];
    try {
      const answer = await far.acquire(key, token, admit);
      const entry = see(answer.entry);
      const held = await near.find(key, intake.now);
      if (recovery.compare(key, entry, held) === "near") return { ...answer, entry: held && asStale(held, intake.now) };
      if (entry !== undefined) await near.keep(key, entry, { intake, isStanding: fill.standing });
      return { ...answer, entry };
    } finally {
      fills.end(key, fill);
    }
  }

  async function write(key: string, entry: CacheEntry, claim: LeaseClaim): Promise<boolean> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const isFilled = await filled({ far, near, recovery }, key, { entry, claim, fill });
      const isNews = isFilled && (recovery.forget(key) || claim.reason !== "fill");
      // Where the new entry cannot be kept, what is held is what was there before it, or before another one's change.
      const isKept = isFilled && fill.standing;
      // A read of what was there before may still be on its way: it must not come to stand over this.
      fills.void(key);
      if (isKept) await near.put(key, entry, intake);
      else await near.drop(key);
      if (isNews) publish([key]);
      return isFilled;
    } finally {
      fills.end(key, fill);
    }
  }

  return {
    ttlMs: far.ttlMs,
    acquire,
    fill: write,
    keepNear: (key, entry) => keptNear({ far, near, fills, recovery }, key, entry),
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
  { far, near, recovery }: Pick<TieredLeasesOptions, "far" | "near" | "recovery">,
  key: string,
  { entry, claim, fill }: Filling,
): Promise<boolean> {
  try {
    return await far.fill(key, entry, claim);
  } catch (error) {
    if (fill.standing && !isCacheError(error, "INVALID_VALUE")) {
      recovery.loadedAlone(key, entry);
      await near.put(key, entry, near.loneIntake());
    }
    throw error;
  }
}

/** Keeps a value that was loaded without a lease. */
async function keptNear(
  { far, near, fills, recovery }: Pick<TieredLeasesOptions, "far" | "near" | "fills" | "recovery">,
  key: string,
  entry: CacheEntry,
): Promise<boolean> {
  fills.void(key);
  recovery.loadedAlone(key, entry);
  await Promise.all([near.put(key, entry, near.loneIntake()), far.keepNear?.(key, entry)]);
  return true;
}
