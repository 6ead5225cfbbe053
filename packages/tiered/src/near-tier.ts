import {
  type Awaitable,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type Invalidation,
  isPromiseLike,
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

/** The near tier: the copies it holds, and which of them can be trusted. One that fails holds nothing. */
export class NearTier {
  /** Goes up with every gap on the bus: a copy of an earlier epoch may have missed a message. */
  epoch = 0;
  readonly #options: NearTierOptions;
  readonly #store: CacheStore;

  constructor(options: NearTierOptions) {
    this.#options = options;
    this.#store = options.store;
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
    if (isTrusted(found, this.epoch, now)) return true;
    return isTrusted(found, lone(this.epoch), now) && !this.#options.isFarWell();
  }

  /** What a copy that is read or written from now on is taken in with. */
  intake(): Intake {
    const { clock, l1TtlMs } = this.#options;
    return { now: clock.now(), l1TtlMs, epoch: this.epoch };
  }

  /** When `entry` is being written: not before its load began, nor before now. */
  instantOf({ createdAt }: CacheEntry): number {
    return Math.max(createdAt, this.#options.clock.now());
  }

  /** As `intake`, for what the far tier does not have: it is trusted only until that answers again. */
  loneIntake(): Intake {
    return { ...this.intake(), epoch: lone(this.epoch) };
  }

  /** Takes in a copy. Where that fails, nothing older may stand in its place. */
  async put(key: string, entry: CacheEntry, intake: Intake): Promise<void> {
    try {
      await this.#store.set(key, nearEntry(entry, intake));
    } catch (error) {
      this.#failed("set", error, key);
      await this.drop(key);
    }
  }

  /** No copy that the invalidation meets is given any more, nor one that is taken in later and is as old. */
  async invalidate(invalidation: Invalidation, at: number): Promise<void> {
    await this.#attempt("invalidate", () => this.#store.invalidate?.(invalidation, at), invalidation.scope);
  }

  /** Whether something was held. */
  async drop(key: string): Promise<boolean> {
    return (await this.#attempt("delete", () => this.#store.delete(key), key)) === true;
  }

  async #attempt<T>(operation: string, action: () => Awaitable<T>, key: string): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      return this.#failed(operation, error, key);
    }
  }

  #failed(operation: string, error: unknown, key: string): undefined {
    this.#options.fail(`near ${operation}`, error, key);
  }
}
