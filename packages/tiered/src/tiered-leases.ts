import {
  type Admit,
  type CacheEntry,
  isCacheError,
  type LeaseAnswer,
  type LeaseClaim,
  type LeasesCapability,
  type MissedChange,
} from "@granary/core";
import type { Fill, Fills } from "./fills.js";
import { asStale, type Intake } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Recovery } from "./recovery.js";

export interface TieredLeasesOptions {
  readonly near: NearTier;
  readonly far: LeasesCapability;
  readonly fills: Fills;
  readonly recovery: Recovery;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  /** Whether the far tier answers. */
  isFarWell(): boolean;
}

/** The leases of the far tier; what goes to it or comes from it under one is kept near too. */
export function tieredLeases(options: TieredLeasesOptions): LeasesCapability {
  const { near, far, fills, recovery, publish } = options;
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

  async function write(key: string, entry: CacheEntry | undefined, claim: LeaseClaim): Promise<boolean> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const isFilled = await filled(options, key, { entry, claim, fill, intake });
      const isNews = isFilled && (recovery.forget(key) || claim.reason !== "fill");
      const isStanding = isFilled && fill.standing;
      // A read of what was there before may still be on its way: it must not come to stand over this.
      fills.void(key);
      // Where the new entry cannot be kept, what is held is what was there before it, or before another one's change.
      if (isStanding && entry !== undefined) await near.put(key, entry, intake);
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
    keepNear: (key, change) => keptNear(options, key, change),
    renew: (key, token, ms) => far.renew(key, token, ms),
    release: (key, token) => far.release(key, token),
    watch: (key, wake) => far.watch(key, wake),
  };
}

interface Filling {
  readonly entry: CacheEntry | undefined;
  readonly claim: LeaseClaim;
  readonly fill: Fill;
  readonly intake: Intake;
}

/** Whether far has taken the entry. Where it does not answer, this node keeps it for itself until that does. */
async function filled(options: TieredLeasesOptions, key: string, filling: Filling): Promise<boolean> {
  const { far, near, recovery } = options;
  const { entry, claim, fill, intake } = filling;
  try {
    return await far.fill(key, entry, claim);
  } catch (error) {
    if (entry === undefined) recovery.owe(key, { at: claim.begunAt ?? intake.now });
    else if (isCacheError(error, "INVALID_VALUE")) await keepUnwritable(options, key, { ...filling, entry });
    else if (fill.standing) {
      recovery.loadedAlone(key, entry);
      await near.put(key, entry, near.loneIntake());
    }
    throw error;
  }
}

/**
 * Far cannot write the value for what it is: this node keeps it, or it would be loaded at every call. What it was to
 * replace ends far too, under the lease, or the other nodes would go on with that.
 */
async function keepUnwritable(
  { far, near, publish }: TieredLeasesOptions,
  key: string,
  { entry, claim, fill, intake }: Filling & { readonly entry: CacheEntry },
): Promise<void> {
  const isEnded = await far.fill(key, undefined, claim);
  if (isEnded && fill.standing) await near.put(key, entry, intake);
  if (isEnded && claim.reason !== "fill") publish([key]);
}

/** Keeps a value that was loaded without a lease. That there is none any more, far is told as a change that it missed. */
async function keptNear(
  { far, near, fills, recovery, isFarWell }: Omit<TieredLeasesOptions, "publish">,
  key: string,
  change: MissedChange,
): Promise<boolean> {
  const { at, entry } = change;
  fills.void(key);
  if (entry !== undefined) recovery.loadedAlone(key, entry);
  else if (far.keepNear === undefined) recovery.owe(key, { at });
  const taken = entry === undefined ? near.drop(key) : near.put(key, entry, near.loneIntake());
  await Promise.all([taken, far.keepNear?.(key, change)]);
  if (isFarWell()) recovery.wake();
  return true;
}
