import {
  type Awaitable,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type EntryRest,
  type ExpireTerms,
  expireIn,
  type Invalidation,
  isCacheError,
  isPromiseLike,
  processWide,
} from "@granary/core";
import { type Intake, isTrusted, lone, nearEntry } from "./near-entry.js";

export interface NearTierOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  /** How long a copy is trusted without asking the far tier. */
  readonly l1TtlMs: number;
  /** Whether the far tier answers: then a copy that it has not confirmed is not trusted. */
  isFarWell(): boolean;
  fail(operation: string, error: unknown, key?: string): void;
}

/** What a bus tells. Where there is none, copies are trusted for a while all the same. */
type Hearing = "changes" | "nothing yet";

/** Epochs of all tiers in this process: two that share a near tier do not take the other's copies for their own. */
const epochs = processWide("epochs", () => ({ latest: 0 }));

/** The epoch of tiers that hear nothing: no copy is ever of it. */
export const DEAF = Number.NaN;

export function newEpoch(): number {
  epochs.latest += 1;
  return epochs.latest;
}

/** The near tier: the copies it holds, and which of them can be trusted. One that fails holds nothing. */
export class NearTier {
  /** Another one with every gap on the bus: a copy of an earlier epoch may have missed a message. */
  epoch = newEpoch();
  /** Whether somebody would say that a copy is out of date. Before that a copy is as one that far does not have. */
  #hearing: Hearing = "changes";
  readonly #options: NearTierOptions;
  readonly #store: CacheStore;

  constructor(options: NearTierOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** Somebody uses the tiers, and a bus that there is begins to listen: it tells a gap when it does. */
  begin(hearing: Hearing): void {
    this.epoch = newEpoch();
    this.#hearing = hearing;
  }

  /** There was a gap. Tiers that hear nothing go on so. */
  beginEpoch(hearing = this.#hearing): void {
    if (!Number.isNaN(this.epoch)) this.begin(hearing);
  }

  /** What is held under `key`, to be trusted or not. */
  find(key: string, now: number): Awaitable<CacheEntry | undefined> {
    try {
      const found = this.#store.get(key, now);
      return isPromiseLike(found) ? Promise.resolve(found).catch((error) => this.#failed("get", error, key)) : found;
    } catch (error) {
      return this.#failed("get", error, key);
    }
  }

  trusts(found: CacheEntry, now: number): boolean {
    return found.freshUntil > now && this.trustsFresh(found, now);
  }

  /** As `trusts`, for an entry that is fresh, and carries `rest`. */
  trustsFresh(rest: EntryRest, now: number): boolean {
    if (isTrusted(rest, this.epoch, now)) return true;
    return isTrusted(rest, lone(this.epoch), now) && !this.#options.isFarWell();
  }

  /** What a copy that is read or written from `now` on is taken in with. */
  intake(now = this.#options.clock.now()): Intake {
    const epoch = this.#hearing === "changes" ? this.epoch : lone(this.epoch);
    return { now, l1TtlMs: this.#options.l1TtlMs, epoch };
  }

  /** As `intake`, for what the far tier does not have: it is trusted only until that answers again. */
  loneIntake(): Intake {
    return { ...this.intake(), epoch: lone(this.epoch) };
  }

  /** Takes in a copy. Where that fails, nothing older may stand in its place. */
  put(key: string, entry: CacheEntry, intake: Intake): Awaitable<void> {
    try {
      const taken = this.#store.set(key, nearEntry(entry, intake));
      return isPromiseLike(taken) ? Promise.resolve(taken).catch((error) => this.#notTaken(error, key)) : undefined;
    } catch (error) {
      return this.#notTaken(error, key);
    }
  }

  /** No copy that was taken in before, and that the invalidation meets, is given any more. */
  async invalidate(invalidation: Invalidation): Promise<void> {
    await this.#attempt("invalidate", () => this.#store.invalidate?.(invalidation));
  }

  /** Makes what is held stale; whether it was fresh. */
  async expire(key: string, terms: ExpireTerms): Promise<boolean> {
    return (await this.#attempt("expire", () => expireIn(this.#store, key, terms), key)) === true;
  }

  /** Drops what is held, unless it is a copy of `entry`. */
  async dropUnless(key: string, entry: CacheEntry): Promise<void> {
    const held = await this.find(key, this.#options.clock.now());
    if (held !== undefined && (held.createdAt !== entry.createdAt || held.freshUntil !== entry.freshUntil))
      await this.drop(key);
  }

  /** Whether something was held. */
  async drop(key: string): Promise<boolean> {
    return (await this.#attempt("delete", () => this.#store.delete(key), key)) === true;
  }

  /** As `drop`, where nobody waits for it. */
  dropBehind(key: string): void {
    void this.drop(key).catch(() => {});
  }

  async #notTaken(error: unknown, key: string): Promise<void> {
    this.#failed("set", error, key);
    await this.drop(key);
  }

  async #attempt<T>(operation: string, action: () => Awaitable<T>, key?: string): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      return this.#failed(operation, error, key);
    }
  }

  #failed(operation: string, error: unknown, key?: string): undefined {
    // It was closed, so these tiers are of no use either.
    if (isCacheError(error, "CLOSED")) throw error;
    this.#options.fail(`near ${operation}`, error, key);
  }
}
