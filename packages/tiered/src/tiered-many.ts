import {
  type Admit,
  type CacheEntry,
  type CacheStore,
  isCacheError,
  type ManyCapability,
  type WriteReason,
} from "@granary/core";
import { readFar } from "./far-tier.js";
import type { Fills } from "./fills.js";
import { asStale } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";

export interface TieredManyOptions {
  readonly near: NearTier;
  readonly far: CacheStore;
  readonly fills: Fills;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  fail(operation: string, error: unknown): void;
}

type Pairs = ReadonlyArray<readonly [key: string, entry: CacheEntry]>;
type Entries = ReadonlyArray<CacheEntry | undefined>;

/** Many keys of a pair of tiers: what near does not hold goes to far in one round trip. */
export class TieredMany implements ManyCapability {
  readonly #options: TieredManyOptions;

  constructor(options: TieredManyOptions) {
    this.#options = options;
  }

  async get(keys: readonly string[], now: number, admit?: Admit): Promise<Entries> {
    const { near } = this.#options;
    const held = await Promise.all(keys.map((key) => near.find(key, now)));
    const trusted = held.map((entry) => (entry !== undefined && near.trusts(entry, now) ? entry : undefined));
    const missing = [...new Set(keys.filter((_, at) => trusted[at] === undefined))];
    if (missing.length === 0) return trusted;
    // By a clock that is not in step yet a copy would be trusted for minutes too long.
    await this.#options.far.ready?.();
    const readAt = near.intake().now;
    const far = await this.#fill(missing, readAt, admit);
    return keys.map((key, at) => trusted[at] ?? (far === undefined ? staleOf(held[at], readAt) : far.get(key)));
  }

  async set(entries: Pairs, reason: WriteReason = "write"): Promise<void> {
    const { near, far, fills, publish } = this.#options;
    const keys = entries.map(([key]) => key);
    await fills.during(keys, async () => {
      const intake = near.intake();
      const taken = entries.map(([key, entry]) => near.put(key, entry, intake));
      await refusedTogether(near, keys, setFar(far, entries, reason));
      await Promise.all(taken);
    });
    if (reason === "write") publish(keys);
  }

  async delete(keys: readonly string[]): Promise<readonly boolean[]> {
    const { near, far, fills, publish } = this.#options;
    const dropped = keys.map((key) => near.drop(key));
    try {
      const existed = await fills.during(keys, async () => deleteFar(far, keys));
      publish(keys);
      const held = await Promise.all(dropped);
      return keys.map((_, at) => held[at] === true || existed[at] === true);
    } finally {
      await Promise.all(keys.map((key) => near.drop(key)));
    }
  }

  /** What far holds of `keys`, kept near; `undefined` where far cannot say. */
  async #fill(
    keys: readonly string[],
    now: number,
    admit?: Admit,
  ): Promise<Map<string, CacheEntry | undefined> | undefined> {
    const { near, far, fills, fail } = this.#options;
    const intake = near.intake();
    const begun = keys.map((key) => fills.begin(key));
    const found = await readFar(far, keys, { now, admit }).catch((error: unknown) => fail("get", error));
    const kept = begun.map((fill, at) => {
      const [key, entry] = [keys[at] ?? "", found?.[at]];
      fills.end(key, fill);
      if (!fill.standing || found === undefined) return undefined;
      return entry === undefined ? near.drop(key) : near.put(key, entry, intake);
    });
    await Promise.all(kept);
    if (found === undefined) return undefined;
    return new Map(keys.map((key, at) => [key, found[at]]));
  }
}

function staleOf(held: CacheEntry | undefined, now: number): CacheEntry | undefined {
  return held === undefined || held.keepUntil <= now ? undefined : asStale(held, now);
}

async function deleteFar(far: CacheStore, keys: readonly string[]): Promise<readonly boolean[]> {
  return far.many === undefined ? allOf(keys.map(async (key) => far.delete(key))) : far.many.delete(keys);
}

async function setFar(far: CacheStore, entries: Pairs, reason: WriteReason): Promise<void> {
  if (far.many !== undefined) await far.many.set(entries, reason);
  else await allOf(entries.map(async ([key, entry]) => far.set(key, entry, reason)));
}

/** Waits for all, also when one fails: until the last has ended, reads that overlap them are not to be kept. */
async function allOf<T>(steps: ReadonlyArray<Promise<T>>): Promise<T[]> {
  await Promise.allSettled(steps);
  return Promise.all(steps);
}

/** Values of which far refuses one for what it is must not stay near either, where they would hide the old ones. */
async function refusedTogether(near: NearTier, keys: readonly string[], writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (isCacheError(error, "INVALID_VALUE")) await Promise.all(keys.map((key) => near.drop(key)));
    throw error;
  }
}
