import type { CacheStats, StoreHealth } from "./events.js";

/** The running counts of one cache. */
export class Counters {
  /** Hits whose entry carries no tier: the nearest one's. Kept as a plain number, since every hit pays for it. */
  nearHits = 0;
  misses = 0;
  stale = 0;
  loads = 0;
  loadFailures = 0;
  sets = 0;
  deletes = 0;
  errors = 0;
  readonly nearTier: string;
  readonly #farHits = new Map<string, { hits: number }>();

  constructor(nearTier: string) {
    this.nearTier = nearTier;
  }

  hit(tier: string | undefined): void {
    if (tier === undefined) this.nearHits += 1;
    else this.#farTier(tier).hits += 1;
  }

  #farTier(tier: string): { hits: number } {
    const known = this.#farHits.get(tier);
    if (known !== undefined) return known;
    const count = { hits: 0 };
    this.#farHits.set(tier, count);
    return count;
  }

  snapshot(stores: Readonly<Record<string, StoreHealth>>): CacheStats {
    const tiers: Record<string, number> = { [this.nearTier]: this.nearHits };
    for (const [tier, { hits }] of this.#farHits) tiers[tier] = (tiers[tier] ?? 0) + hits;
    const hits = Object.values(tiers).reduce((sum, count) => sum + count, 0);
    const { misses, stale, loads, loadFailures, sets, deletes, errors } = this;
    return { gets: hits + misses, hits, misses, tiers, stale, loads, loadFailures, sets, deletes, errors, stores };
  }
}
