import type { CacheEntry, ExpireTerms, WriteOptions } from "@granary/core";
import type { FarWrites } from "./far-writes.js";
import type { Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";

export interface TieredChangesParts {
  readonly near: NearTier;
  readonly fills: Fills;
  readonly writes: FarWrites;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
}

/** Changes of one key of a pair of tiers. */
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
}
