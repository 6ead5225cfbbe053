import type { CacheEntry, WriteReason } from "@granary/core";
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
  async set(key: string, entry: CacheEntry, reason: WriteReason = "write"): Promise<void> {
    const { near, fills, writes, publish } = this.#parts;
    fills.beginWriting(key);
    try {
      const taken = near.put(key, entry, near.intake());
      await writes.set(key, entry, reason);
      if (taken !== undefined) await taken;
    } finally {
      fills.endWriting(key);
    }
    if (reason !== "fill") publish([key]);
  }

  /** Clears near before and after far: a read in between may have brought the old value back. */
  async delete(key: string, at: number): Promise<boolean> {
    const { near, fills, writes, publish } = this.#parts;
    const dropped = near.drop(key);
    try {
      const existed = await fills.during([key], () => writes.delete(key, at));
      publish([key]);
      return (await dropped) || existed;
    } finally {
      await near.drop(key);
    }
  }
}
