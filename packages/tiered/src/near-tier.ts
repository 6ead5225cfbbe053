import {
  type Awaitable,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type EntryRest,
  type Invalidation,
  isCacheError,
  isPromiseLike,
  MarkRegistry,
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

/** A read of the far tier that has come to its end. */
export interface Reading {
  readonly intake: Intake;
  /** Nothing has changed the key since it began. */
  readonly isStanding: boolean;
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
  /** Those that were forgotten are the far tier's to judge by. */
  readonly #marks = new MarkRegistry({ forgetting: () => {} });

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

  /**
   * Takes in what a read of far has brought, unless something has changed the key since that began. Then an older copy
   * is dropped as well: whoever was given what was read must not find that afterwards. Nor must it take the place of a
   * newer copy: of two reads at one time the earlier may end last.
   */
  keep(key: string, entry: CacheEntry, reading: Reading): Awaitable<void> {
    const held = this.find(key, reading.intake.now);
    if (isPromiseLike(held)) return held.then((found) => this.#keepOver(found, key, { entry, reading }));
    return this.#keepOver(held, key, { entry, reading });
  }

  /** No copy that the invalidation meets is given any more, nor one that is taken in later and is as old. */
  async invalidate(invalidation: Invalidation, at: number): Promise<void> {
    this.#marks.raise(invalidation, at);
    await this.#attempt("invalidate", () => this.#store.invalidate?.(invalidation, at));
  }

  /** Whether a mark that was raised here meets the entry. */
  isInvalidated(key: string, entry: CacheEntry): boolean {
    return !this.#marks.permits(key, entry);
  }

  /** Whether something was held. */
  async drop(key: string): Promise<boolean> {
    return (await this.#attempt("delete", () => this.#store.delete(key), key)) === true;
  }

  #keepOver(
    held: CacheEntry | undefined,
    key: string,
    { entry, reading }: { readonly entry: CacheEntry; readonly reading: Reading },
  ): Awaitable<void> {
    if (held !== undefined && held.createdAt > entry.createdAt) return undefined;
    if (reading.isStanding) return this.put(key, entry, reading.intake);
    if (held !== undefined && held.createdAt < entry.createdAt) return this.drop(key).then(() => undefined);
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
