import { type Admit, type CacheEntry, type CacheStore, type ManyCapability, type WriteReason } from "@granary/core";
import { readFar } from "./far-tier.js";
import type { FarWrites, Pairs } from "./far-writes.js";
import type { Fills } from "./fills.js";
import { asStale } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Recovery } from "./recovery.js";

export interface TieredManyOptions {
  readonly near: NearTier;
  readonly far: CacheStore;
  readonly fills: Fills;
  readonly recovery: Recovery;
  readonly writes: FarWrites;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  fail(operation: string, error: unknown): void;
}

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
    const { near, writes, fills, publish } = this.#options;
    const keys = entries.map(([key]) => key);
    await fills.during(keys, async () => {
      const intake = near.intake();
      const taken = entries.map(([key, entry]) => near.put(key, entry, intake));
      await writes.setMany(entries, reason);
      await Promise.all(taken);
    });
    if (reason === "write") publish(keys);
  }

  async delete(keys: readonly string[], deletedAt = this.#options.near.intake().now): Promise<readonly boolean[]> {
    const { near, writes, fills, publish } = this.#options;
    const dropped = keys.map((key) => near.drop(key));
    try {
      const existed = await fills.during(keys, () => writes.deleteMany(keys, deletedAt));
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
    const { near, far, fills, recovery, fail } = this.#options;
    const intake = near.intake();
    const begun = keys.map((key) => fills.begin(key));
    const read = await readFar(far, keys, { now, admit }).catch((error: unknown) => fail("get", error));
    const found = read?.map((entry, at) => recovery.see(keys[at] ?? "", entry));
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
