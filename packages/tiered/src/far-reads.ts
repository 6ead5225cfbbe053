import { type CacheEntry, type CacheStore, type Clock, isPromiseLike } from "@granary/core";
import { type FarRead, readOneFar } from "./far-tier.js";
import type { Fill, Fills } from "./fills.js";
import { asStale } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Recovery } from "./recovery.js";

/** A read that may have to go far. */
export interface Read extends FarRead {
  /** What the near tier holds. */
  readonly near: CacheEntry | undefined;
}

export interface FarReadsParts {
  readonly near: NearTier;
  readonly far: CacheStore;
  readonly fills: Fills;
  readonly recovery: Recovery;
  readonly clock: Clock;
  fail(operation: string, error: unknown, key?: string): void;
}

/** Reads of the far tier, each of which fills the near one. */
export class FarReads {
  readonly #parts: FarReadsParts;

  constructor(parts: FarReadsParts) {
    this.#parts = parts;
  }

  /** Far, or what near holds, as stale, where far cannot say. */
  async get(key: string, asked: Read): Promise<CacheEntry | undefined> {
    const { far, fills, recovery, clock, fail } = this.#parts;
    const { near } = asked;
    const waiting = far.ready?.();
    // By a clock that is not in step yet a copy would be trusted for minutes too long.
    if (isPromiseLike(waiting)) await waiting;
    const read = isPromiseLike(waiting) ? { ...asked, now: clock.now() } : asked;
    const { now } = read;
    try {
      return await fills.join(key, (fill) => this.#fill(key, { read, fill }));
    } catch (error) {
      const held = recovery.see(key, near);
      if (held === undefined || held.keepUntil <= now) throw error;
      fail("get", error, key);
      return asStale(held, now);
    }
  }

  /** Reads far and keeps a copy; a copy that far knows nothing of is dropped, since it was deleted there. */
  async #fill(
    key: string,
    { read, fill }: { readonly read: Read; readonly fill: Fill },
  ): Promise<CacheEntry | undefined> {
    const { near, far, recovery } = this.#parts;
    const intake = near.intake();
    const entry = recovery.see(key, await readOneFar(far, key, read));
    if (!fill.standing) return entry;
    if (entry !== undefined) await near.put(key, entry, intake);
    else if (read.near !== undefined) await near.drop(key);
    return entry;
  }
}
