/// <reference lib="esnext.disposable" preserve="true" />
import type { LoadMany } from "./batch-load.js";
import type { Clock } from "./clock.js";
import type { CacheEntry } from "./entry.js";
import type { CacheEventName, CacheListener, CacheStats } from "./events.js";
import type { PatternOptions } from "./invalidate-pattern.js";
import type { CacheKey, Id } from "./key.js";
import type { Loader, UntypedLoader } from "./load.js";
import type { CallOptions, Policy } from "./policy.js";
import type { OnStoreError } from "./safe-store.js";
import type { StandardSchema } from "./schema.js";
import type { CacheStore } from "./store.js";
import type { KeyedEntry } from "./walk.js";
import type { Cacheable, WrapOptions, Wrapped } from "./wrap.js";

/** What a child cache may have of its own. Policy that it leaves out is its parent's. */
export interface NamespaceOptions<T> extends Policy {
  /** Validates what a loader or `set` gives and what comes out of a remote store. A child has its parent's unless it brings one. */
  readonly schema?: StandardSchema<unknown, T>;
  /** Whether a failing store counts as a miss or rejects. Default `"ignore"`. */
  readonly onStoreError?: OnStoreError;
}

/** With a schema, from which both types follow: of what is written, and of what is read. */
export interface SchemaOptions<T, In> extends NamespaceOptions<T> {
  readonly schema: StandardSchema<In, T>;
}

/** What `stats` counts. */
export interface StatsOptions {
  /** Also what was counted in children, those that nobody holds any more among them. Default `false`. */
  readonly children?: boolean;
}

/** What `createCache` takes. */
export interface CacheOptions<T> extends NamespaceOptions<T> {
  /** Where entries are kept. */
  readonly store: CacheStore;
  /** Part of every key; `clear()` is bounded by it. Default `"default"`. */
  readonly namespace?: string;
  /** Begins every key. Default `"granary"`. */
  readonly prefix?: string;
  /** Part of every key: a new one abandons every old entry at once. Default `"v1"`. */
  readonly version?: string;
  /** Default: the store's, else the machine's. Given only in tests. */
  readonly clock?: Clock;
}

/**
 * What every cache has, whatever its values: enough for what watches, clears or counts caches. An id is a string or a
 * finite number; `1` and `"1"` are one id. Methods about ids take the policy of the call last, and reject with a
 * `CacheError` for what is not of its form. A failing store never makes a read reject, unless `onStoreError` is
 * `"throw"`; it is always told to `on("error")`.
 */
export interface AnyCache {
  /** `true` if something was there. */
  delete(id: Id, options?: CallOptions): Promise<boolean>;
  /** How many were there. */
  deleteMany(ids: Iterable<Id>, options?: CallOptions): Promise<number>;
  /**
   * Deletes every entry of this namespace, but not of its children, whose id matches a glob: `*`, `?`, and `\\` before
   * a literal one. Walks the keys: for what must be fast, use tags. Resolves to how many were deleted. Rejects with
   * `UNSUPPORTED` where the store cannot walk its keys.
   */
  invalidatePattern(pattern: string, options?: PatternOptions): Promise<number>;
  /**
   * Every entry of this namespace and its children that carries one of the tags is gone for every node, at a cost that
   * does not depend on how many there are. `true` if every tier took it. One list of tags will do as well.
   */
  invalidateTags(...tags: readonly string[] | readonly [tags: readonly string[]]): Promise<boolean>;
  /**
   * Everything in this namespace and its children is gone for every node, at a cost that does not depend on how much
   * it is; nothing outside it is touched. `true` if every tier took it.
   */
  clear(): Promise<boolean>;
  /**
   * The keys of this namespace, without its children's, with the id and the params that each was made of; for tools.
   * `for await (const { id, params } of cache.keys()) await cache.delete(id, { params })`
   */
  keys(): AsyncIterable<CacheKey>;
  /** Whether a fresh entry is there. */
  has(id: Id, options?: CallOptions): Promise<boolean>;
  /** Milliseconds left to live fresh; `undefined` if absent, `Infinity` if it never expires. */
  ttl(id: Id, options?: CallOptions): Promise<number | undefined>;
  /** Makes the entry stale now, and keeps it as long as the policy serves stale ones. `true` if it was fresh. */
  expire(id: Id, options?: CallOptions): Promise<boolean>;
  /** Calls `listener` on every event of that name here and in children. Returns a function that stops it. */
  on<Name extends CacheEventName>(name: Name, listener: CacheListener<Name>): () => void;
  /** Counts of this namespace; with `{ children: true }` those of its children and theirs are added. */
  stats(options?: StatsOptions): CacheStats;
  /** The names of the children that the program holds, and of theirs: `eu` and `eu/shop`, as `namespace("eu")` and its `namespace("shop")` made them. */
  namespaces(): readonly string[];
  /**
   * Ends loads under way (they reject with `CLOSED`), drops listeners and, once the last cache on the store is
   * closed, closes the store. A child closes with its parent. What is called later rejects with `CLOSED`.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A typed, namespaced face over one store. `In` is what is written, by `set` and by loaders: what the schema takes, where
 * that is not what it gives.
 */
export interface Cache<T, In = T> extends AnyCache {
  /** The fresh value, or `undefined`. */
  get(id: Id, options?: CallOptions): Promise<T | undefined>;
  /** The value: fresh, stale as the policy allows, or loaded, once for all who ask meanwhile. */
  getOrSet(id: Id, loader: Loader<T, In>, options?: CallOptions): Promise<T>;
  /** `true` if every tier took it. */
  set(id: Id, value: In, options?: CallOptions): Promise<boolean>;
  /** The fresh values of those ids that have one, in one round trip to a remote store. */
  getMany<K extends Id>(ids: Iterable<K>, options?: CallOptions): Promise<Map<K, T>>;
  /**
   * The values of the ids, each as `getOrSet` would give it: one read, and one call of `loadMany` for all that are
   * missing. An id that the loader does not return is left out; so is one that it reports as failed by an `Error`, which
   * is told as an event. Where another node loads an id and gives up, it is loaded afterwards, by further calls.
   */
  getOrSetMany<K extends Id>(ids: Iterable<K>, loadMany: LoadMany<In, K>, options?: CallOptions): Promise<Map<K, T>>;
  /** `true` if every tier took all of them. A `Map`, or pairs of an id and a value. */
  setMany(entries: Iterable<readonly [id: Id, value: In]>, options?: CallOptions): Promise<boolean>;
  /** As `keys()`, each with its `entry`, stale ones too; for tools. */
  entries(): AsyncIterable<KeyedEntry<T>>;
  /** The entry with its deadlines and tags, stale ones too; for tools. */
  entry(id: Id, options?: CallOptions): Promise<CacheEntry<T> | undefined>;
  /** A typed child on the same store, sharing its flights; its namespace is `parent/name`. */
  namespace<U, UIn>(name: string, options: SchemaOptions<U, UIn>): Cache<U, UIn>;
  namespace(name: string, options?: NamespaceOptions<T>): Cache<T, In>;
  namespace<U>(name: string, options?: NamespaceOptions<U>): Cache<U>;
  /** `fn`, cached: same arguments, same `this`, same arity; the key is made from `id` and the arguments. */
  wrap<This, Args extends unknown[]>(fn: Cacheable<This, Args, In>, options: WrapOptions<Args>): Wrapped<This, Args, T>;
}

/**
 * A cache of which nobody has said what it holds: a value has the type that its loader gives it, or the one that the
 * call names, `get<User>(id)`, which nothing checks. As `Cache` otherwise, and one of any type fits where it is asked for.
 */
export interface UntypedCache extends AnyCache {
  get<U = unknown>(id: Id, options?: CallOptions): Promise<U | undefined>;
  getOrSet<U>(id: Id, loader: UntypedLoader<U>, options?: CallOptions): Promise<U>;
  /** As a cache that holds `U`. */
  getOrSet<U>(id: Id, loader: Loader<U>, options?: CallOptions): Promise<U>;
  set(id: Id, value: unknown, options?: CallOptions): Promise<boolean>;
  getMany<U = unknown, K extends Id = Id>(ids: Iterable<K>, options?: CallOptions): Promise<Map<K, U>>;
  getOrSetMany<K extends Id, U>(ids: Iterable<K>, loadMany: LoadMany<U, K>, options?: CallOptions): Promise<Map<K, U>>;
  setMany(entries: Iterable<readonly [id: Id, value: unknown]>, options?: CallOptions): Promise<boolean>;
  entries<U = unknown>(): AsyncIterable<KeyedEntry<U>>;
  entry<U = unknown>(id: Id, options?: CallOptions): Promise<CacheEntry<U> | undefined>;
  namespace<U, UIn>(name: string, options: SchemaOptions<U, UIn>): Cache<U, UIn>;
  namespace(name: string, options?: NamespaceOptions<unknown>): UntypedCache;
  namespace<U>(name: string, options?: NamespaceOptions<U>): Cache<U>;
  wrap<This, Args extends unknown[], U>(
    fn: Cacheable<This, Args, U>,
    options: WrapOptions<Args>,
  ): Wrapped<This, Args, U>;
}
