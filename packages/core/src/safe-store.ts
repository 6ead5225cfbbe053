import { closedStore, type StoreSource } from "./closed-store.js";
import type { Awaitable, CacheEntry } from "./entry.js";
import { isPromiseLike } from "./entry.js";
import { CacheError, isCacheError } from "./errors.js";
import type { StoreHealth } from "./events.js";
import { expireIn } from "./expire.js";
import { inWaves, manyOf } from "./many-of.js";
import { OwnValues } from "./own-values.js";
import { readiness } from "./readiness.js";
import type {
  Admit,
  CacheStore,
  ExpireTerms,
  HandlesCapability,
  Invalidation,
  LeasesCapability,
  WriteOptions,
  WriteReason,
} from "./store.js";
import { asStoreError, isAboutValue } from "./store-error.js";

/** What to do when a store fails: count it as a miss, or let the caller see it. */
export type OnStoreError = "ignore" | "throw";

export interface SafeStoreOptions {
  readonly source: StoreSource;
  readonly onStoreError: OnStoreError;
  /** Judges entries that come out of a remote store; none where there is no schema. */
  readonly admit: Admit | undefined;
  /** Hears of each call whose value cannot be written for what it is. */
  unwritable(): void;
  /** Hears of every failure, also of those that the caller sees. */
  report(operation: string, error: unknown, key?: string): void;
}

/** A store that cannot fail: what it cannot do counts as absent or as not taken, and is reported. */
export class SafeStore {
  readonly name: string;
  readonly onStoreError: OnStoreError;
  readonly #source: StoreSource;
  readonly #options: SafeStoreOptions;
  /** Passed to stores that judge what they decode. */
  readonly admit: Admit | undefined;
  /** The right to load, where the store can give it. */
  readonly leases: LeasesCapability | undefined;
  /** Hits without a look-up, where the store can give them. */
  readonly handles: HandlesCapability | undefined;
  /** Values of one's own, where the store keeps them apart. */
  readonly values: OwnValues;
  /** A store that does not declare `admits` is not trusted with schema and `keepUntil`: each read of it is judged here. */
  readonly #judges: boolean;
  readonly #ready: () => Promise<void> | undefined;

  constructor(options: SafeStoreOptions) {
    this.onStoreError = options.onStoreError;
    this.#source = options.source;
    this.#options = options;
    this.admit = options.admit;
    const { name, leases, handles, admits } = options.source.store;
    this.name = name;
    this.values = new OwnValues(options.source.store);
    this.leases = leases;
    this.handles = handles;
    this.#judges = admits !== true;
    this.#ready = readiness({ name, ready: () => this.#store.ready?.() });
  }

  get #store(): CacheStore {
    return this.#source.store;
  }

  /** The entry under `key`, stale or fresh. Answers at once where the store does. */
  get(key: string, now: number): Awaitable<CacheEntry | undefined> {
    try {
      const found = this.#store.get(key, now, this.admit);
      if (found === undefined) return undefined;
      // A promise has no deadline: one look at a property that entries have is cheaper than one at `then`.
      if ((found as CacheEntry).freshUntil === undefined) return this.#settled(found as Promise<CacheEntry>, key, now);
      return this.#judges ? this.#judged(found as CacheEntry, key, now) : found;
    } catch (error) {
      return this.#settled(Promise.reject(error), key, now);
    }
  }

  /** The entries of `keys`, in their order and in one round trip where the store can. */
  getMany(keys: readonly string[], now: number): Awaitable<ReadonlyArray<CacheEntry | undefined>> {
    const { many } = this.#store;
    // Key by key, so that the failure of one is the miss of that one alone.
    if (many === undefined) return inWaves(keys, (key) => this.get(key, now));
    return this.#manySettled(async () => many.get(keys, now, this.admit), keys, now);
  }

  /** Whether the store took every entry. Rejects where a value itself cannot be stored. */
  async setMany(entries: ReadonlyArray<readonly [key: string, entry: CacheEntry]>): Promise<boolean> {
    try {
      await manyOf(this.#store).set(entries);
      return true;
    } catch (error) {
      return this.#notTaken("setMany", error);
    }
  }

  /** Whether each was there, in the order of the keys; none that is known of where the store failed. */
  async deleteMany(keys: readonly string[]): Promise<readonly boolean[]> {
    try {
      return await manyOf(this.#store).delete(keys);
    } catch (error) {
      return this.#failed("deleteMany", error, { instead: [] });
    }
  }

  /**
   * The keys that match, in batches.
   * @throws CacheError `UNSUPPORTED` where the store cannot walk its keys.
   */
  async *walk(glob: string): AsyncGenerator<readonly string[]> {
    const { walk } = this.#store;
    if (walk === undefined) {
      throw new CacheError("UNSUPPORTED", `The store "${this.name}" cannot walk its keys. Use one that can, or tags.`);
    }
    try {
      yield* walk(glob);
    } catch (error) {
      this.#failed("walk", error, { instead: undefined });
    }
  }

  /** As `setMany`. */
  async set(key: string, entry: CacheEntry, reason: WriteReason): Promise<boolean> {
    try {
      await this.#store.set(key, entry, { reason });
      return true;
    } catch (error) {
      return this.#notTaken("set", error, key);
    }
  }

  /** As `set`, for a value that a loader gave: one that cannot be stored is reported, and its callers still get it. */
  async fill(key: string, write: (store: CacheStore) => Awaitable<boolean>): Promise<boolean> {
    try {
      return await write(this.#store);
    } catch (error) {
      return this.#failed("fill", error, { key, instead: false });
    }
  }

  /** A `fill` where there are no leases. Answers at once where the store does. */
  keep(key: string, entry: CacheEntry, options: WriteOptions): Awaitable<boolean> {
    try {
      const setting = this.#store.set(key, entry, options);
      return isPromiseLike(setting) ? this.fill(key, () => setting.then(() => true)) : true;
    } catch (error) {
      return this.#failed("fill", error, { key, instead: false });
    }
  }

  /** Whether something was there. */
  async delete(key: string): Promise<boolean> {
    try {
      return await this.#store.delete(key);
    } catch (error) {
      return this.#failed("delete", error, { key, instead: false });
    }
  }

  /** Makes the entry stale; resolves to whether it was fresh. */
  async expire(key: string, terms: ExpireTerms): Promise<boolean> {
    try {
      return await expireIn(this.#store, key, terms);
    } catch (error) {
      return this.#failed("expire", error, { key, instead: false });
    }
  }

  /** Whether every tier took it. */
  async invalidate(invalidation: Invalidation): Promise<boolean> {
    try {
      await this.#store.invalidate?.(invalidation);
      return true;
    } catch (error) {
      return this.#failed("invalidate", error, { instead: false });
    }
  }

  /** Whether loads have to ask for the generations that they carry, since no lease brings them. */
  get hasGenerations(): boolean {
    return this.#store.generations !== undefined;
  }

  /** The generations of this moment; `undefined` where the store has none, or cannot say. Answers at once where it does. */
  generations(key: string): Awaitable<string | undefined> {
    const failed = (error: unknown): undefined => this.#failed("generations", error, { key, instead: undefined });
    try {
      const generations = this.#store.generations?.(key);
      return isPromiseLike(generations) ? generations.catch(failed) : generations;
    } catch (error) {
      return failed(error);
    }
  }

  /** Until the store's clock can be relied on, so that no deadline is by another; `undefined` where that is now. */
  ready(): Promise<void> | undefined {
    return this.#ready()?.catch((error: unknown) => this.#failed("ready", error, { instead: undefined }));
  }

  /** How the stores that may hang or fail are doing. */
  health(): Readonly<Record<string, StoreHealth>> {
    return this.#store.health?.() ?? {};
  }

  #settled(found: Promise<CacheEntry | undefined>, key: string, now: number): Promise<CacheEntry | undefined> {
    const judged = this.#judges ? found.then((entry) => this.#judged(entry, key, now)) : found;
    return judged.then(undefined, (error: unknown) => this.#failed("get", error, { key, instead: undefined }));
  }

  async #manySettled(
    read: () => Promise<ReadonlyArray<CacheEntry | undefined>>,
    keys: readonly string[],
    now: number,
  ): Promise<ReadonlyArray<CacheEntry | undefined>> {
    try {
      const found = await read();
      return this.#judges ? await Promise.all(keys.map((key, at) => this.#judged(found[at], key, now))) : found;
    } catch (error) {
      return this.#failed("getMany", error, { instead: [] });
    }
  }

  #judged(found: CacheEntry | undefined, key: string, now: number): Awaitable<CacheEntry | undefined> {
    if (found === undefined || found.keepUntil <= now) return undefined;
    return this.admit === undefined ? found : this.admit(key, found);
  }

  /** Of a value that cannot be written its caller is told by the error itself. */
  #notTaken(operation: string, error: unknown, key?: string): false {
    if (!isCacheError(error, "INVALID_VALUE"))
      return this.#failed(operation, error, { ...(key !== undefined && { key }), instead: false });
    this.#options.unwritable();
    throw error;
  }

  #failed<Instead>(operation: string, cause: unknown, { key, instead }: { key?: string; instead: Instead }): Instead {
    const error = asStoreError(cause, this.name);
    // Its owner has closed the store under an open cache: that is no fault to be bridged.
    if (error.code === "CLOSED" && this.#source.store !== closedStore) throw error;
    this.#options.report(operation, error, key);
    if (this.onStoreError === "throw" && !isAboutValue(error)) throw error;
    return instead;
  }
}
