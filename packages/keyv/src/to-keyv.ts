import { type Awaitable, CacheError } from "@granary/core";

/** What `toKeyv` needs of a cache. Every `Cache` of Granary has it. */
export interface CacheLike {
  get(id: string): Awaitable<unknown>;
  /** `ttl` is in milliseconds. Whether every tier took the value. */
  set(id: string, value: unknown, options?: { readonly ttl?: number }): Awaitable<boolean>;
  delete(id: string): Awaitable<boolean>;
  has(id: string): Awaitable<boolean>;
  clear(): Awaitable<unknown>;
  /** Those found, by id. */
  getMany?(ids: readonly string[]): Awaitable<{ get(id: string): unknown }>;
}

/** A storage adapter as Keyv 5 defines it, which Keyv 6 wraps by itself. */
export interface KeyvAdapter {
  readonly opts: Readonly<Record<string, never>>;
  /** Set by Keyv 5. Keyv writes its namespace into the keys itself. */
  namespace?: string | undefined;
  get<Value>(key: string): Promise<Value | undefined>;
  /** Absent keys give `undefined`. There where the cache has `getMany`. */
  getMany?<Value>(keys: string[]): Promise<Array<Value | undefined>>;
  /** `ttl` is in milliseconds; without it the cache's own policy says how long. */
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  has(key: string): Promise<boolean>;
  /** Clears the whole cache, whatever the namespace of the Keyv that asks. */
  clear(): Promise<void>;
  /** Nothing is ever emitted: what fails rejects. */
  on(event: string, listener: (...args: unknown[]) => void): KeyvAdapter;
}

const VERBS = ["get", "set", "delete", "has", "clear"] as const satisfies ReadonlyArray<keyof CacheLike>;

/**
 * A cache in the form that libraries which take a Keyv expect: pass it as the cache of `got` or `cacheable-request`,
 * or as `new Keyv({ store: toKeyv(cache) })` where a Keyv itself is asked for (`cache-manager`, NestJS).
 *
 * Keyv hands over text of its own making, so give it a cache without a `schema`, and one of its own: `clear()` of the
 * Keyv clears all of it. A value without a ttl lives as long as the cache's own `ttl` says; one with a ttl at most that
 * long, less the cache's `jitter`. Stale values are never served.
 */
export function toKeyv(cache: CacheLike): KeyvAdapter {
  const missing = VERBS.find((verb) => typeof cache?.[verb] !== "function");
  if (missing !== undefined)
    throw new CacheError("INVALID_OPTION", `toKeyv() takes a cache: what it was given has no ${missing}().`);
  const adapter: KeyvAdapter = {
    opts: {},
    get: async <Value>(key: string) => (await cache.get(key)) as Value | undefined,
    set: async (key, value, ttl) => (ttl === undefined ? cache.set(key, value) : cache.set(key, value, { ttl })),
    delete: async (key) => cache.delete(key),
    has: async (key) => cache.has(key),
    clear: async () => void (await cache.clear()),
    on: () => adapter,
  };
  return cache.getMany === undefined ? adapter : Object.assign(adapter, { getMany: batchOf(cache) });
}

function batchOf(cache: CacheLike): NonNullable<KeyvAdapter["getMany"]> {
  return async <Value>(keys: string[]) => {
    const found = await cache.getMany?.(keys);
    return keys.map((key) => found?.get(key) as Value | undefined);
  };
}
