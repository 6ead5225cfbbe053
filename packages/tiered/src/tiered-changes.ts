import type { CacheEntry, ExpireTerms, Generation, Invalidation, WriteOptions } from "@granary/core";
import type { FarWrites } from "./far-writes.js";
import type { Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";

export interface TieredChangesParts {
  readonly near: NearTier;
  readonly fills: Fills;
  readonly writes: FarWrites;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  /** Tells them of an invalidation that far has taken. */
  say(invalidation: Invalidation, generation: Generation): void;
}

/** Changes of one key of a pair of tiers, and invalidations. */
export class TieredChanges {
  readonly #parts: TieredChangesParts;

  constructor(parts: TieredChangesParts) {
    this.#parts = parts;
  }

  /** Near at once, so that this node reads its own writes; then far; then the other nodes hear of it. */
  async set(key: string, entry: CacheEntry, options: WriteOptions = {}): Promise<void> {
    const { near, fills, writes, publish } = this.#parts;
    fills.beginWriting(key);
    try {
      const taken = near.put(key, entry, near.intake());
      await writes.set(key, entry, options);
      if (taken !== undefined) await taken;
    } finally {
      fills.endWriting(key);
    }
    if (options.reason !== "fill") publish([key]);
  }

  /** Clears near before and after far: a read in between may have brought the old value back. */
  async delete(key: string): Promise<boolean> {
    const { near, fills, writes, publish } = this.#parts;
    const dropped = near.drop(key);
    try {
      const existed = await fills.during([key], () => writes.delete(key));
      publish([key]);
      return (await dropped) || existed;
    } finally {
      await near.drop(key);
    }
  }

  /** Stale near at once, and in far. */
  async expire(key: string, terms: ExpireTerms): Promise<boolean> {
    const { near, fills, writes, publish } = this.#parts;
    const wasFresh = near.expire(key, terms);
    const wasFreshFar = await fills.during([key], () => writes.expire(key, terms));
    publish([key]);
    return (await wasFresh) || wasFreshFar;
  }

  /** Near before and after far, whether far has taken it or not: a read in between may have brought a copy near. */
  async invalidate(invalidation: Invalidation): Promise<Generation> {
    await this.invalidateNear(invalidation);
    let generation: Generation | undefined;
    try {
      generation = await this.#parts.writes.invalidate(invalidation);
      return generation;
    } finally {
      await this.spread(invalidation, generation);
    }
  }

  /** What came near meanwhile goes, and the other nodes hear of an invalidation that far has taken. */
  async spread(invalidation: Invalidation, generation: Generation | undefined): Promise<void> {
    await this.invalidateNear(invalidation);
    if (generation !== undefined) this.#parts.say(invalidation, generation);
  }

  /** Copies go; reads that are under way were judged before it. */
  async invalidateNear(invalidation: Invalidation): Promise<void> {
    const { near, fills } = this.#parts;
    fills.voidAll();
    await near.invalidate(invalidation);
  }
}
