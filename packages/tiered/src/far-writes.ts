import {
  type CacheEntry,
  type CacheStore,
  CLOCK_ERROR_MS,
  type Invalidation,
  isCacheError,
  manyOf,
  type WriteReason,
} from "@granary/core";
import type { NearTier } from "./near-tier.js";
import type { Recovery } from "./recovery.js";

export interface FarWritesParts {
  readonly far: CacheStore;
  readonly near: NearTier;
  readonly recovery: Recovery;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
}

export type Pairs = ReadonlyArray<readonly [key: string, entry: CacheEntry]>;

/**
 * Changes of the far tier. One that it does not take is kept for it, and still fails: nobody is told that far has it.
 * A value that it refuses for what it is must not stay near either, where it would hide the old one, unless a load gave it.
 */
export class FarWrites {
  readonly #parts: FarWritesParts;

  constructor(parts: FarWritesParts) {
    this.#parts = parts;
  }

  async set(key: string, entry: CacheEntry, reason: WriteReason): Promise<void> {
    const { far, near } = this.#parts;
    const { now: begunAt } = near.intake();
    try {
      // It was looked at without a lease, perhaps only near: what others have changed since must not come back.
      if (reason === "expire" && far.replay !== undefined)
        await far.replay(key, { at: begunAt + CLOCK_ERROR_MS, entry });
      else await far.set(key, entry, reason);
    } catch (error) {
      await this.#refused(key, entry, { reason, error, begunAt });
      throw error;
    }
    this.#taken(key, reason);
  }

  async setMany(entries: Pairs, reason: WriteReason): Promise<void> {
    const { far, near } = this.#parts;
    const { now: begunAt } = near.intake();
    try {
      await manyOf(far).set(entries, reason);
    } catch (error) {
      await Promise.all(entries.map(([key, entry]) => this.#refused(key, entry, { reason, error, begunAt })));
      throw error;
    }
    for (const [key] of entries) this.#taken(key, reason);
  }

  /** Whether something was there. */
  delete(key: string, at: number): Promise<boolean> {
    return this.#deleted([key], at, async (far) => far.delete(key, at));
  }

  /** Whether each was there, in the order of the keys. */
  deleteMany(keys: readonly string[], at: number): Promise<readonly boolean[]> {
    return this.#deleted(keys, at, async (far) => manyOf(far).delete(keys, at));
  }

  /** Resolves to the instant that far says. */
  async invalidate(invalidation: Invalidation, at: number): Promise<number> {
    const { far, recovery } = this.#parts;
    try {
      return (await far.invalidate?.(invalidation, at)) ?? at;
    } catch (error) {
      recovery.oweMark(invalidation, at);
      throw error;
    }
  }

  /** Far is owed nothing for `key` any more. The others have not heard of the change that a load has made up for. */
  #taken(key: string, reason: WriteReason): void {
    if (this.#parts.recovery.forget(key) && reason === "fill") this.#parts.publish([key]);
  }

  async #refused(key: string, entry: CacheEntry, { reason, error, begunAt }: Refusal): Promise<void> {
    const { near, recovery } = this.#parts;
    if (isCacheError(error, "INVALID_VALUE")) await this.#unwritable(key, reason);
    else if (reason !== "fill") recovery.owe(key, { at: Math.max(entry.createdAt, begunAt), entry });
    else {
      recovery.loadedAlone(key, entry);
      await near.put(key, entry, near.loneIntake());
    }
  }

  /** Who wrote it is told, and a load is not: it would be made again at every call if its result did not stay near. */
  async #unwritable(key: string, reason: WriteReason): Promise<void> {
    if (reason !== "fill") await this.#parts.near.drop(key);
  }

  async #deleted<T>(keys: readonly string[], at: number, remove: (far: CacheStore) => Promise<T>): Promise<T> {
    const { far, recovery } = this.#parts;
    try {
      const existed = await remove(far);
      for (const key of keys) recovery.forget(key);
      return existed;
    } catch (error) {
      // It errs on the side of what it may not miss: what another node has just loaded may have begun before it.
      for (const key of keys) recovery.owe(key, { at: at + CLOCK_ERROR_MS });
      throw error;
    }
  }
}

interface Refusal {
  /** When the write was asked for. Whoever wrote while it was waited for wrote later. */
  readonly begunAt: number;
  readonly reason: WriteReason;
  readonly error: unknown;
}
