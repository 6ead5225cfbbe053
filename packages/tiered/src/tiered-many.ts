import type { Admit, CacheEntry, CacheStore, ManyCapability, WriteOptions } from "@granary/core";
import { readFar } from "./far-tier.js";
import type { FarWrites, Pairs } from "./far-writes.js";
import type { Fills } from "./fills.js";
import { asStale } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Repair } from "./repair.js";
import { withoutFar } from "./without-far.js";

export interface TieredManyOptions {
  readonly near: NearTier;
  readonly far: CacheStore;
  /** Until the clock of the far tier can be relied on, or nobody can say whether it can. */
  ready(): Promise<void> | undefined;
  readonly fills: Fills;
  readonly repair: Repair;
  readonly writes: FarWrites;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  fail(operation: string, error: unknown): void;
}

type Copies = ReadonlyMap<string, CacheEntry | undefined>;

interface Filling {
  /** What near holds. */
  readonly copies: Copies;
  readonly now: number;
  readonly admit: Admit | undefined;
}

type Entries = ReadonlyArray<CacheEntry | undefined>;

/** Many keys of a pair of tiers: what near does not hold goes to far in one round trip. */
export class TieredMany implements ManyCapability {
  readonly #options: TieredManyOptions;

  constructor(options: TieredManyOptions) {
    this.#options = options;
  }

  async get(keys: readonly string[], now: number, admit?: Admit): Promise<Entries> {
    const { near, repair } = this.#options;
    const held = await Promise.all(keys.map((key) => near.find(key, now)));
    const trusted = held.map((entry) => (entry !== undefined && near.trusts(entry, now) ? entry : undefined));
    const missing = [...new Set(keys.filter((_, at) => trusted[at] === undefined))];
    if (missing.length === 0) return trusted;
    // By a clock that is not in step yet a copy would be trusted for minutes too long.
    await this.#options.ready();
    const readAt = near.intake().now;
    const copies = new Map(keys.map((key, at) => [key, held[at]]));
    const far = await this.#fill(missing, { copies, now: readAt, admit });
    const below = (key: string, at: number): CacheEntry | undefined =>
      far === undefined ? withoutFar(repair, key, { held: held[at], now: readAt }) : far.get(key);
    return keys.map((key, at) => trusted[at] ?? below(key, at));
  }

  async set(entries: Pairs, options: WriteOptions = {}): Promise<void> {
    const { near, writes, fills, publish } = this.#options;
    const keys = entries.map(([key]) => key);
    await fills.during(keys, async () => {
      const intake = near.intake();
      const taken = entries.map(([key, entry]) => near.put(key, entry, intake));
      await writes.setMany(entries, options);
      await Promise.all(taken);
    });
    if (options.reason !== "fill") publish(keys);
  }

  async delete(keys: readonly string[]): Promise<readonly boolean[]> {
    const { near, writes, fills, publish } = this.#options;
    const dropped = keys.map((key) => near.drop(key));
    try {
      const existed = await fills.during(keys, () => writes.deleteMany(keys));
      publish(keys);
      const held = await Promise.all(dropped);
      return keys.map((_, at) => held[at] === true || existed[at] === true);
    } finally {
      await Promise.all(keys.map((key) => near.drop(key)));
    }
  }

  /** What far holds of `keys`, kept near; `undefined` where far cannot say. */
  async #fill(keys: readonly string[], { copies, now, admit }: Filling): Promise<Copies | undefined> {
    const { near, far, fills, repair, fail } = this.#options;
    const intake = near.intake();
    const begun = keys.map((key) => fills.begin(key));
    const sights = keys.map((key) => repair.sight(key));
    const read = await readFar(far, keys, { now, admit }).catch((error: unknown) => fail("get", error));
    const found = new Map<string, CacheEntry | undefined>();
    const kept = begun.map((fill, at) => {
      const key = keys[at] ?? "";
      const [entry, copy] = [sights[at]?.(read?.[at]), copies.get(key)];
      fills.end(key, fill);
      if (read === undefined) return undefined;
      const isBehind = repair.isMissed(key);
      found.set(key, isBehind ? staleOf(copy, now) : entry);
      if (isBehind) repair.wake();
      if (isBehind) return undefined;
      if (!fill.standing) return fills.overtaken(key, entry, near);
      fills.kept(fill);
      return entry === undefined ? near.drop(key) : near.put(key, entry, intake);
    });
    await Promise.all(kept);
    return read === undefined ? undefined : found;
  }
}

function staleOf(held: CacheEntry | undefined, now: number): CacheEntry | undefined {
  return held === undefined || held.keepUntil <= now ? undefined : asStale(held, now);
}
