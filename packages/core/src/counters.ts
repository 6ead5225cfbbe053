import type { CacheStats, StoreHealth } from "./events.js";

interface FarTier {
  readonly tier: string;
  hits: number;
}

const COUNTED = [
  "nearHits",
  "misses",
  "stale",
  "loads",
  "loadFailures",
  "sets",
  "deletes",
  "errors",
  "unserializable",
] as const;

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
  unserializable = 0;
  readonly nearTier: string;
  readonly #farTiers = new Map<string, FarTier>();
  /** That of the last far hit, which mostly is that of the next. */
  #last: FarTier | undefined;

  constructor(nearTier: string) {
    this.nearTier = nearTier;
  }

  /** A hit whose entry carries its tier. */
  farHit(tier: string): void {
    if (this.#last?.tier !== tier) this.#last = this.#farTier(tier);
    this.#last.hits += 1;
  }

  #farTier(tier: string): FarTier {
    const known = this.#farTiers.get(tier);
    if (known !== undefined) return known;
    const far = { tier, hits: 0 };
    this.#farTiers.set(tier, far);
    return far;
  }

  /** Adds what `other` has counted. */
  add(other: Counters): this {
    for (const name of COUNTED) this[name] += other[name];
    for (const { tier, hits } of other.#farTiers.values()) this.#farTier(tier).hits += hits;
    return this;
  }

  snapshot(stores: Readonly<Record<string, StoreHealth>>): CacheStats {
    const tiers: Record<string, number> = { [this.nearTier]: this.nearHits };
    for (const { tier, hits } of this.#farTiers.values()) tiers[tier] = (tiers[tier] ?? 0) + hits;
    const hits = Object.values(tiers).reduce((sum, count) => sum + count, 0);
    const { misses, stale, loads, loadFailures, sets, deletes, errors, unserializable } = this;
    const counts = { stale, loads, loadFailures, sets, deletes, errors, unserializable };
    return { gets: hits + misses, hits, misses, tiers, ...counts, stores };
  }
}
