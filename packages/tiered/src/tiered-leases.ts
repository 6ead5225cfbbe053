import type { Admit, CacheEntry, LeaseAnswer, LeasesCapability } from "@granary/core";
import type { Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";

export interface TieredLeasesOptions {
  readonly near: NearTier;
  readonly far: LeasesCapability;
  readonly fills: Fills;
}

/** The leases of the far tier; what goes to it or comes from it under one is kept near too. */
export function tieredLeases({ near, far, fills }: TieredLeasesOptions): LeasesCapability {
  /** Keeps a copy of what `step` says far holds now, unless something changed the key meanwhile. */
  async function keeping<T>(
    key: string,
    step: () => Promise<readonly [answer: T, held: CacheEntry | undefined]>,
  ): Promise<T> {
    const [fill, intake] = [fills.begin(key), near.intake()];
    try {
      const [answer, held] = await step();
      if (held !== undefined && fill.standing) await near.put(key, held, intake);
      return answer;
    } finally {
      fills.end(key, fill);
    }
  }

  const acquire = (key: string, token: string, admit?: Admit): Promise<LeaseAnswer> =>
    keeping(key, async () => {
      const answer = await far.acquire(key, token, admit);
      return [answer, answer.entry] as const;
    });

  const fill = (key: string, entry: CacheEntry, token: string): Promise<boolean> =>
    keeping(key, async () => {
      const isFilled = await far.fill(key, entry, token);
      return [isFilled, isFilled ? entry : undefined] as const;
    });

  const keepNear = async (key: string, entry: CacheEntry): Promise<boolean> => {
    await near.put(key, entry, near.intake());
    await far.keepNear?.(key, entry);
    return true;
  };

  return {
    ttlMs: far.ttlMs,
    acquire,
    fill,
    keepNear,
    renew: (key, token) => far.renew(key, token),
    release: (key, token) => far.release(key, token),
    watch: (key, wake) => far.watch(key, wake),
  };
}
