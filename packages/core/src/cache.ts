import type { LoadMany } from "./batch-load.js";
import type { NamespaceOptions, StatsOptions, UntypedCache } from "./cache-types.js";
import { checkFunction, checkIds, checkNone, checkPairs, checkSignal, tagsGiven } from "./check-arguments.js";
import { checkOptions, type OptionNames } from "./check-options.js";
import type { CacheContext, Call } from "./context.js";
import type { Counters } from "./counters.js";
import type { CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { CacheEventName, CacheListener, CacheStats } from "./events.js";
import { getMany, getOrSetMany } from "./get-many.js";
import { getOrSet } from "./get-or-set.js";
import { invalidatePattern, type PatternOptions } from "./invalidate-pattern.js";
import type { CacheKey, Id } from "./key.js";
import type { Loader } from "./load.js";
import { promised } from "./patience.js";
import { CALL_OPTIONS, type CallOptions, concernsLoadsOnly, type ResolvedPolicy, resolvePolicy } from "./policy.js";
import { entry, get, has, hitAt, ttl } from "./read.js";
import { type KeyedEntry, walkEntries, walkKeys } from "./walk.js";
import { type Cacheable, type WrapOptions, type Wrapped, wrap } from "./wrap.js";
import { clear, expire, invalidateTags, remove, set } from "./write.js";
import { deleteMany, setMany } from "./write-many.js";

/** A cache and its children: what they share. */
export interface CacheFamily {
  readonly closed: boolean;
  child(parent: CacheContext, name: string, options: NamespaceOptions<unknown>): UntypedCache;
  childrenOf(context: CacheContext): readonly string[];
  countsOf(context: CacheContext): Counters;
  close(context: CacheContext): Promise<void>;
}

const STATS_OPTIONS: OptionNames<StatsOptions> = { children: true };

/** The face: turns arguments into calls, and gives each to the flow that serves it. What type values have is a matter of `createCache`. */
export class StoreCache implements UntypedCache {
  readonly #context: CacheContext;
  readonly #family: CacheFamily;

  constructor(context: CacheContext, family: CacheFamily) {
    this.#context = context;
    this.#family = family;
  }

  get<U>(id: Id, options?: CallOptions): Promise<U | undefined> {
    return this.#atHand<U>(id, options) ?? promised(() => get<U>(this.#context, this.#call(id, options)));
  }

  getOrSet<U>(id: Id, loader: Loader<never, U>, options?: CallOptions): Promise<U> {
    const context = this.#context;
    const isShort = context.policy.refreshAhead === 0 && typeof loader === "function";
    const atHand = isShort ? this.#atHand<U>(id, options) : undefined;
    return (
      atHand ??
      promised(() => getOrSet(context, { call: this.#call(id, options), loader: checkLoader(loader) as Loader<U> }))
    );
  }

  async set(id: Id, value: unknown, options?: CallOptions): Promise<boolean> {
    return set(this.#context, this.#call(id, options), value);
  }

  async delete(id: Id, options?: CallOptions): Promise<boolean> {
    return remove(this.#context, this.#call(id, options).key);
  }

  async getMany<U, K extends Id>(ids: Iterable<K>, options?: CallOptions): Promise<Map<K, U>> {
    const asked = checkIds(ids);
    return getMany(this.#context, asked, this.#keys(asked, options)) as Promise<Map<K, U>>;
  }

  async getOrSetMany<K extends Id, U>(
    ids: Iterable<K>,
    loadMany: LoadMany<U, K>,
    options?: CallOptions,
  ): Promise<Map<K, U>> {
    const calls = this.#calls(checkIds(ids), options);
    return getOrSetMany(this.#context, calls, checkLoader(loadMany) as LoadMany<U>) as Promise<Map<K, U>>;
  }

  async setMany(entries: Iterable<readonly [id: Id, value: unknown]>, options?: CallOptions): Promise<boolean> {
    const pairs = checkPairs(entries);
    const calls = this.#calls(
      pairs.map(([id]) => id),
      options,
    );
    return setMany(
      this.#context,
      calls.map((call, at) => [call, pairs[at]?.[1]] as const),
    );
  }

  async deleteMany(ids: Iterable<Id>, options?: CallOptions): Promise<number> {
    return deleteMany(this.#context, this.#keys(checkIds(ids), options));
  }

  async invalidatePattern(pattern: string, options: PatternOptions = {}): Promise<number> {
    this.#assertOpen();
    return invalidatePattern(this.#context, pattern, options);
  }

  keys(...given: readonly unknown[]): AsyncIterable<CacheKey> {
    checkNone(given, "keys() walks the whole namespace");
    this.#assertOpen();
    return walkKeys(this.#context);
  }

  entries<U>(...given: readonly unknown[]): AsyncIterable<KeyedEntry<U>> {
    checkNone(given, "entries() walks the whole namespace");
    this.#assertOpen();
    return walkEntries(this.#context) as AsyncIterable<KeyedEntry<U>>;
  }

  async has(id: Id, options?: CallOptions): Promise<boolean> {
    return has(this.#context, this.#call(id, options).key);
  }

  async ttl(id: Id, options?: CallOptions): Promise<number | undefined> {
    return ttl(this.#context, this.#call(id, options).key);
  }

  async entry<U>(id: Id, options?: CallOptions): Promise<CacheEntry<U> | undefined> {
    return entry(this.#context, this.#call(id, options).key) as Promise<CacheEntry<U> | undefined>;
  }

  async expire(id: Id, options?: CallOptions): Promise<boolean> {
    return expire(this.#context, this.#call(id, options));
  }

  async invalidateTags(...tags: readonly string[] | readonly [tags: readonly string[]]): Promise<boolean> {
    this.#assertOpen();
    return invalidateTags(this.#context, tagsGiven(tags));
  }

  async clear(...given: readonly unknown[]): Promise<boolean> {
    checkNone(given, "clear() clears the whole namespace");
    this.#assertOpen();
    return clear(this.#context);
  }

  namespace(name: string, options: NamespaceOptions<unknown> = {}): UntypedCache {
    return this.#family.child(this.#context, name, options);
  }

  wrap<This, Args extends unknown[], U>(
    fn: Cacheable<This, Args, U>,
    options: WrapOptions<Args>,
  ): Wrapped<This, Args, U> {
    return wrap(this.#context, fn, options);
  }

  on<Name extends CacheEventName>(name: Name, listener: CacheListener<Name>): () => void {
    return this.#context.emitter.on(name, listener);
  }

  stats(options: StatsOptions = {}): CacheStats {
    checkOptions(options, STATS_OPTIONS);
    const { counters, store } = this.#context;
    return (options.children === true ? this.#family.countsOf(this.#context) : counters).snapshot(store.health());
  }

  namespaces(): readonly string[] {
    return this.#family.childrenOf(this.#context);
  }

  close(): Promise<void> {
    return this.#family.close(this.#context);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The hit path: the value of a fresh entry whose place is known, for a call that asks for nothing but it. */
  #atHand<T>(id: Id, options: CallOptions | undefined): Promise<T> | undefined {
    if (this.#family.closed || (options !== undefined && !concernsLoadsOnly(options))) return undefined;
    const handle = this.#context.keys.recall(id);
    if (handle === undefined || this.#context.flights.isBusy(handle.key)) return undefined;
    return hitAt<T>(this.#context, handle);
  }

  #keys(ids: readonly Id[], options: CallOptions | undefined): string[] {
    this.#policy(options);
    return ids.map((id) => this.#context.keys.of(id, options?.params));
  }

  #calls(ids: readonly Id[], options: CallOptions | undefined): Call[] {
    const policy = this.#policy(options);
    const { keys } = this.#context;
    const { params, signal } = options ?? {};
    const isPlain = params === undefined;
    return ids.map((id) => ({ id, key: keys.of(id, params), policy, signal, isPlain }));
  }

  #assertOpen(): void {
    if (this.#family.closed) throw new CacheError("CLOSED", "This cache is closed.");
  }

  /** @throws CacheError where the cache is closed, or the id or an option is not of its form. */
  #call(id: Id, options: CallOptions | undefined): Call {
    const policy = this.#policy(options);
    const { keys } = this.#context;
    if (options === undefined) return { id, key: keys.of(id), policy, signal: undefined, isPlain: true };
    const { params, signal } = options;
    return { id, key: keys.of(id, params), policy, signal, isPlain: params === undefined };
  }

  /** @throws CacheError where the cache is closed, or an option is not of its form. */
  #policy(options: CallOptions | undefined): ResolvedPolicy {
    this.#assertOpen();
    const { policy } = this.#context;
    if (options === undefined) return policy;
    checkOptions(options, CALL_OPTIONS);
    checkSignal(options.signal);
    return resolvePolicy(policy, options);
  }
}

function checkLoader<Load>(loader: Load): Load {
  return checkFunction(loader, "The second argument is a function that loads, such as () => db.user(id)");
}
