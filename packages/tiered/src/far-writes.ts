import {
  type CacheEntry,
  type CacheStore,
  type ExpireTerms,
  expireIn,
  type Generation,
  type Invalidation,
  isCacheError,
  manyOf,
  type WriteOptions,
  type WriteReason,
} from "@granary/core";
import type { NearTier } from "./near-tier.js";
import type { Repair } from "./repair.js";

export interface FarWritesParts {
  readonly far: CacheStore;
  readonly near: NearTier;
  readonly repair: Repair;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
}

export type Pairs = ReadonlyArray<readonly [key: string, entry: CacheEntry]>;

/**
 * Changes of the far tier. One that it does not take is to be repaired there, and still fails: nobody is told that far has
 * it. A value that it refuses for what it is must not stay near either, where it would hide the old one, unless a load
 * gave it.
 */
export class FarWrites {
  readonly #parts: FarWritesParts;

  constructor(parts: FarWritesParts) {
    this.#parts = parts;
  }

  set(key: string, entry: CacheEntry, options: WriteOptions): Promise<void> {
    return this.#set([[key, entry]], options, async (far) => far.set(key, entry, options));
  }

  setMany(entries: Pairs, options: WriteOptions): Promise<void> {
    return this.#set(entries, options, async (far) => manyOf(far).set(entries, options));
  }

  /** Whether something was there. */
  delete(key: string): Promise<boolean> {
    return this.#change([key], async (far) => far.delete(key));
  }

  /** Whether each was there, in the order of the keys. */
  deleteMany(keys: readonly string[]): Promise<readonly boolean[]> {
    return this.#change(keys, async (far) => manyOf(far).delete(keys));
  }

  /** Whether it was fresh. What far is to lose is what was there before: it goes, and does not become stale. */
  expire(key: string, terms: ExpireTerms): Promise<boolean> {
    const { repair } = this.#parts;
    return this.#change([key], async (far) => {
      if (!repair.isMissed(key)) return expireIn(far, key, terms);
      await far.delete(key);
      return false;
    });
  }

  async invalidate(invalidation: Invalidation): Promise<Generation> {
    const { far, repair } = this.#parts;
    try {
      const generation = (await far.invalidate?.(invalidation)) as Generation;
      repair.takenInvalidation(invalidation);
      return generation;
    } catch (error) {
      repair.missedInvalidation(invalidation);
      throw error;
    }
  }

  async #set(
    entries: Pairs,
    { reason = "write" }: WriteOptions,
    write: (far: CacheStore) => Promise<void>,
  ): Promise<void> {
    const { far, repair, publish } = this.#parts;
    try {
      await write(far);
    } catch (error) {
      await Promise.all(entries.map(([key, entry]) => this.#refused(key, entry, { reason, error })));
      throw error;
    }
    for (const [key] of entries) {
      // The others have not heard of the change that a load has made up for.
      if (reason === "write") repair.taken(key);
      else if (repair.filled(key)) publish([key]);
    }
  }

  async #refused(key: string, entry: CacheEntry, { reason, error }: Refusal): Promise<void> {
    const { near, repair } = this.#parts;
    const isLoad = reason === "fill";
    // Who wrote it is told, and a load is not: it would be made again at every call if its result did not stay near.
    if (isCacheError(error, "INVALID_VALUE")) return void (isLoad || (await near.drop(key)));
    repair.missed([key]);
    if (isLoad) await near.put(key, entry, near.loneIntake());
  }

  async #change<T>(keys: readonly string[], change: (far: CacheStore) => Promise<T>): Promise<T> {
    const { far, repair } = this.#parts;
    try {
      const changed = await change(far);
      for (const key of keys) repair.taken(key);
      return changed;
    } catch (error) {
      repair.missed(keys);
      throw error;
    }
  }
}

interface Refusal {
  readonly reason: WriteReason;
  readonly error: unknown;
}
