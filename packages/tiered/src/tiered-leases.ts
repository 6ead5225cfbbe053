import {
  type Admit,
  type CacheEntry,
  isCacheError,
  type LeaseAnswer,
  type LeaseClaim,
  type LeasesCapability,
} from "@granary/core";
import type { Fill, Fills } from "./fills.js";
import { asStale, type Intake } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Repair } from "./repair.js";

export interface TieredLeasesOptions {
  readonly near: NearTier;
  readonly far: LeasesCapability;
  readonly fills: Fills;
  readonly repair: Repair;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  /** Whether the far tier answers. */
  isFarWell(): boolean;
}

/** The leases of the far tier; what goes to it or comes from it under one is kept near too. */
export function tieredLeases(options: TieredLeasesOptions): LeasesCapability {
  const { near, far, fills, repair, publish } = options;
  async function write(key: string, entry: CacheEntry | undefined, claim: LeaseClaim): Promise<boolean> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const isFilled = await filled(options, key, { entry, claim, fill, intake });
      const isNews = isFilled && (repair.filled(key) || claim.reason !== "fill");
      if (isFilled && entry === undefined) repair.taken(key);
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
    acquire: (key, token, admit) => acquired(options, key, { token, admit }),
    fill: write,
    keepNear: (key, entry) => keptNear(options, key, entry),
    renew: (key, token, ms) => far.renew(key, token, ms),
    release: (key, token) => far.release(key, token),
    watch: (key, wake) => far.watch(key, wake),
  };
}

interface Asker {
  readonly token: string;
  readonly admit: Admit | undefined;
}

/** Keeps a copy of what far holds, unless something changed the key meanwhile. */
async function acquired(options: TieredLeasesOptions, key: string, { token, admit }: Asker): Promise<LeaseAnswer> {
  const { near, far, fills, repair } = options;
  const [fill, intake, see] = [fills.begin(key), near.intake(), repair.sight(key)];
  try {
    const answer = await far.acquire(key, token, admit);
    const entry = see(answer.entry);
    if (repair.isMissed(key)) {
      repair.wake();
      const held = await near.find(key, intake.now);
      return { ...answer, entry: held && asStale(held, intake.now) };
    }
    if (!fill.standing) await fills.overtaken(key, entry, near);
    else if (entry !== undefined) {
      fills.kept(fill);
      await near.put(key, entry, intake);
    }
    return { ...answer, entry };
  } finally {
    fills.end(key, fill);
  }
}

/** Far is well, and does not take this one value. */
const REFUSALS = ["INVALID_VALUE", "STORE_REFUSED"] as const;

interface Filling {
  readonly entry: CacheEntry | undefined;
  readonly claim: LeaseClaim;
  readonly fill: Fill;
  readonly intake: Intake;
}

/** Whether far has taken the entry. Where it does not answer, this node keeps it for itself until that does. */
async function filled(options: TieredLeasesOptions, key: string, filling: Filling): Promise<boolean> {
  const { far, near, repair } = options;
  const { entry, claim, fill } = filling;
  try {
    return await far.fill(key, entry, claim);
  } catch (error) {
    const isRefused = REFUSALS.some((code) => isCacheError(error, code));
    if (entry !== undefined && isRefused) await keepUnwritable(options, key, { ...filling, entry });
    else repair.missed([key]);
    if (entry === undefined) await near.drop(key);
    else if (!isRefused && fill.standing) await near.put(key, entry, near.loneIntake());
    throw error;
  }
}

/**
 * Far does not take the value, for what it is or since it is full: this node keeps it, or it would be loaded at every
 * call. What it was to replace ends far too, under the lease, or the other nodes would go on with that.
 */
async function keepUnwritable(
  options: TieredLeasesOptions,
  key: string,
  filling: Filling & { readonly entry: CacheEntry },
): Promise<void> {
  const { near, publish } = options;
  const { entry, claim, fill, intake } = filling;
  const isEnded = await filled(options, key, { ...filling, entry: undefined });
  if (isEnded && fill.standing) await near.put(key, entry, intake);
  if (isEnded && claim.reason !== "fill") publish([key]);
}

/** Keeps a value that was loaded without a lease. Far is to lose what it holds: readers here must not go back to that. */
async function keptNear(
  { far, near, fills, repair, isFarWell }: Omit<TieredLeasesOptions, "publish">,
  key: string,
  entry: CacheEntry | undefined,
): Promise<boolean> {
  fills.void(key);
  if (far.keepNear === undefined) repair.missed([key]);
  const taken = entry === undefined ? near.drop(key) : near.put(key, entry, near.loneIntake());
  await Promise.all([taken, far.keepNear?.(key, entry)]);
  if (isFarWell()) repair.wake();
  return true;
}
