import type { LoadMany } from "./batch-load.js";
import type { Cache, NamespaceOptions } from "./cache-types.js";
import type { CacheContext, Call } from "./context.js";
import type { Awaitable, CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { CacheEventName, CacheListener, CacheStats } from "./events.js";
import { getMany, getOrSetMany } from "./get-many.js";
import { getOrSet } from "./get-or-set.js";
import { invalidatePattern, type PatternOptions } from "./invalidate-pattern.js";
import type { Id } from "./key.js";
import type { Loader } from "./load.js";
import { type CallOptions, checkOptionNames, resolvePolicy } from "./policy.js";
import { countHit, entry, freshAt, get, has, ttl } from "./read.js";
import { walkEntries, walkKeys } from "./walk.js";
import { type Cacheable, type WrapOptions, type Wrapped, wrap } from "./wrap.js";
import { clear, expire, invalidateTags, remove, set } from "./write.js";
import { deleteMany, setMany } from "./write-many.js";

const CALL_OPTIONS: ReadonlySet<string> = new Set(["params", "signal"]);

/** A cache and its children: what they share. */
export interface CacheFamily {
  readonly closed: boolean;
  child<U>(parent: CacheContext, name: string, options: NamespaceOptions<U>): Cache<U>;
  close(context: CacheContext): Promise<void>;
}

/** The face: turns arguments into calls, and gives each to the flow that serves it. */
export class StoreCache<T> implements Cache<T> {
  readonly #context: CacheContext;
  readonly #family: CacheFamily;

  constructor(context: CacheContext, family: CacheFamily) {
    this.#context = context;
    this.#family = family;
  }

  get(id: Id, options?: CallOptions): Promise<T | undefined> {
    const handle = options === undefined && !this.#family.closed ? this.#context.keys.recall(id) : undefined;
    if (handle === undefined) return this.#get(id, options);
    const entry = freshAt(this.#context, handle);
    if (entry === undefined) return get<T>(this.#context, id, handle.key);
    return Promise.resolve((entry as CacheEntry<T>).value);
  }

  getOrSet(id: Id, loader: Loader<T>, options?: CallOptions): Promise<T> {
    const context = this.#context;
    const isPlain = options === undefined && context.policy.refreshAhead === 0 && !this.#family.closed;
    const handle = isPlain ? context.keys.recall(id) : undefined;
    const isShort = handle !== undefined && typeof loader === "function" && !context.flights.isBusy(handle.key);
    if (!isShort) return this.#getOrSet(id, loader, options);
    const entry = freshAt(context, handle);
    if (entry !== undefined) return Promise.resolve((entry as CacheEntry<T>).value);
    const { key } = handle;
    const now = context.clock.now();
    const found = context.store.get(key, now);
    // A promise has no deadline, so the comparison also tells a store that answers at once from others.
    if (found === undefined || !((found as CacheEntry).freshUntil > now)) return this.#load({ id, key, loader, found });
    countHit(context, key, found as CacheEntry);
    context.keys.place(id, context.store.handles?.of(key));
    return Promise.resolve((found as CacheEntry<T>).value);
  }

  async set(id: Id, value: T, options?: CallOptions): Promise<boolean> {
    return set(this.#context, this.#call(id, options), value);
  }

  async delete(id: Id, options?: CallOptions): Promise<boolean> {
    return remove(this.#context, this.#call(id, options).key);
  }

  async getMany(ids: Iterable<Id>, options?: CallOptions): Promise<Map<Id, T>> {
    return getMany<T>(this.#context, this.#calls(ids, options));
  }

  async getOrSetMany(ids: Iterable<Id>, loadMany: LoadMany<T>, options?: CallOptions): Promise<Map<Id, T>> {
    return getOrSetMany(this.#context, this.#calls(ids, options), checkLoader(loadMany));
  }

  async setMany(entries: Iterable<readonly [id: Id, value: T]>, options?: CallOptions): Promise<boolean> {
    const pairs = [...entries];
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
    return deleteMany(
      this.#context,
      this.#calls(ids, options).map(({ key }) => key),
    );
  }

  async invalidatePattern(pattern: string, options: PatternOptions = {}): Promise<number> {
    this.#assertOpen();
    return invalidatePattern(this.#context, pattern, options);
  }

  keys(): AsyncIterable<string> {
    this.#assertOpen();
    return walkKeys(this.#context);
  }

  entries(): AsyncIterable<readonly [key: string, entry: CacheEntry<T>]> {
    this.#assertOpen();
    return walkEntries(this.#context) as AsyncIterable<readonly [key: string, entry: CacheEntry<T>]>;
  }

  async has(id: Id, options?: CallOptions): Promise<boolean> {
    return has(this.#context, this.#call(id, options).key);
  }

  async ttl(id: Id, options?: CallOptions): Promise<number | undefined> {
    return ttl(this.#context, this.#call(id, options).key);
  }

  async entry(id: Id, options?: CallOptions): Promise<CacheEntry<T> | undefined> {
    return (await entry(this.#context, this.#call(id, options).key)) as CacheEntry<T> | undefined;
  }

  async expire(id: Id, options?: CallOptions): Promise<boolean> {
    return expire(this.#context, this.#call(id, options));
  }

  async invalidateTags(...tags: readonly string[]): Promise<boolean> {
    this.#assertOpen();
    return invalidateTags(this.#context, tags);
  }

  async clear(): Promise<boolean> {
    this.#assertOpen();
    return clear(this.#context);
  }

  namespace<U = T>(name: string, options: NamespaceOptions<U> = {}): Cache<U> {
    return this.#family.child<U>(this.#context, name, options);
  }

  wrap<This, Args extends unknown[]>(
    fn: Cacheable<This, Args, T>,
    options: WrapOptions<Args> = {},
  ): Wrapped<This, Args, T> {
    return wrap(this.#context, fn, options);
  }

  on<Name extends CacheEventName>(name: Name, listener: CacheListener<Name>): () => void {
    return this.#context.emitter.on(name, listener);
  }

  stats(): CacheStats {
    return this.#context.counters.snapshot(this.#context.store.health());
  }

  close(): Promise<void> {
    return this.#family.close(this.#context);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #get(id: Id, options: CallOptions | undefined): Promise<T | undefined> {
    return get<T>(this.#context, id, this.#call(id, options).key);
  }

  async #getOrSet(id: Id, loader: Loader<T>, options: CallOptions | undefined): Promise<T> {
    const call = this.#call(id, options);
    return getOrSet(this.#context, { call, loader: checkLoader(loader) });
  }

  async #load({ id, key, loader, found }: Missed<T>): Promise<T> {
    const call = { id, key, policy: this.#context.policy, signal: undefined };
    return getOrSet(this.#context, { call, loader: checkLoader(loader), begun: { found } });
  }

  #calls(ids: Iterable<Id>, options: CallOptions | undefined): Call[] {
    this.#assertOpen();
    const { keys, policy } = this.#context;
    if (options !== undefined) checkOptionNames(options, CALL_OPTIONS);
    const resolved = options === undefined ? policy : resolvePolicy(policy, options);
    const { params, signal } = options ?? {};
    return [...ids].map((id) => ({ id, key: keys.of(id, params), policy: resolved, signal }));
  }

  #assertOpen(): void {
    if (this.#family.closed) throw new CacheError("CLOSED", "This cache is closed.");
  }

  /** @throws CacheError where the cache is closed, or the id or an option is not of its form. */
  #call(id: Id, options: CallOptions | undefined): Call {
    this.#assertOpen();
    const { keys, policy } = this.#context;
    if (options === undefined) return { id, key: keys.of(id), policy, signal: undefined };
    checkOptionNames(options, CALL_OPTIONS);
    const key = keys.of(id, options.params);
    return { id, key, policy: resolvePolicy(policy, options), signal: options.signal };
  }
}

interface Missed<T> {
  readonly id: Id;
  readonly key: string;
  readonly loader: Loader<T>;
  readonly found: Awaitable<CacheEntry | undefined>;
}

function checkLoader<Load>(loader: Load): Load {
  if (typeof loader === "function") return loader;
  throw new CacheError("INVALID_OPTION", "The second argument is a function that loads, such as () => db.user(id).");
}
