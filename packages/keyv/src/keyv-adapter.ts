import type { CacheLike, LifeOptions } from "./cache-like.js";
import { KeyvNamespaces } from "./keyv-namespaces.js";

/** Whose storage interface an adapter has: that of Keyv 5 or of Keyv 6. */
export type KeyvVersion = 5 | 6;

/** What both versions of Keyv ask of an adapter. */
interface CommonAdapter {
  /** Set by Keyv. */
  namespace?: string | undefined;
  get<Value>(key: string): Promise<Value | undefined>;
  /** In the order of `keys`; absent ones are `undefined`. */
  getMany<Value>(keys: string[]): Promise<Array<Value | undefined>>;
  delete(key: string): Promise<boolean>;
  has(key: string): Promise<boolean>;
  hasMany(keys: string[]): Promise<boolean[]>;
  /** Clears the namespace, or the whole cache where there is none. */
  clear(): Promise<void>;
  /** The keys of the namespace and their values. Rejects with `UNSUPPORTED` where the store cannot walk its keys. */
  iterator<Value>(namespace?: string): AsyncGenerator<Array<string | Awaited<Value> | undefined>, void>;
  /** Does nothing: the cache that was given stays open. */
  disconnect(): Promise<void>;
  /** Nothing is ever emitted: what fails rejects. */
  on(event: string, listener: (...args: unknown[]) => void): this;
}

/** A storage adapter as Keyv 5 defines it. Keyv 6 is served too: it says who it is before it uses it. */
export interface KeyvAdapter extends CommonAdapter {
  readonly opts: { readonly dialect: string };
  /** `ttl` is in milliseconds from now; without it the cache's own policy says how long. */
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  /** Resolves to whether each was taken, which the types of Keyv 5 do not say. */
  setMany(items: Array<{ key: string; value: unknown; ttl?: number }>): Promise<void>;
  /** Whether all of them were there. */
  deleteMany(keys: string[]): Promise<boolean>;
}

/** A storage adapter as Keyv 6 defines it. */
export interface Keyv6Adapter extends CommonAdapter {
  readonly capabilities: { readonly expires: true };
  /** `expires` is an instant in milliseconds; without it the cache's own policy says how long. */
  set(key: string, value: unknown, expires?: number): Promise<boolean>;
  setMany(items: ReadonlyArray<{ key: string; value: unknown; expires?: number }>): Promise<boolean[]>;
  /** Whether each of them was there. */
  deleteMany(keys: string[]): Promise<boolean[]>;
}

interface Item {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number;
  readonly expires?: number;
}

const KEYS_AT_ONCE = 500;
const CALLS_AT_ONCE = 100;

/** Both adapters: they differ in how a deadline is told, and in what `deleteMany` answers. */
export class CacheAdapter {
  /** Keyv 5 walks only adapters of a dialect that it knows, and fails over one that has none. It does nothing else with it. */
  readonly opts = { dialect: "redis" };
  readonly #namespaces: KeyvNamespaces;
  #version: KeyvVersion | undefined;

  constructor(cache: CacheLike, version: KeyvVersion | undefined) {
    this.#namespaces = new KeyvNamespaces(cache);
    this.#version = version;
  }

  /** Only Keyv 6 asks, and it asks first: so this is how it says which version it is. */
  get capabilities(): { readonly expires: true } | undefined {
    this.#version ??= 6;
    return this.#version === 6 ? { expires: true } : undefined;
  }

  get namespace(): string | undefined {
    return this.#namespaces.current;
  }

  set namespace(given: string | undefined) {
    const namespace = given === undefined || given === "" ? undefined : String(given);
    this.#namespaces.enter(namespace);
  }

  on(event: string, _listener: (...args: unknown[]) => void): this {
    if (event === "error") this.#namespaces.join();
    return this;
  }

  async get(key: string): Promise<unknown> {
    return this.#cacheOf(key).get(key);
  }

  async getMany(keys: string[]): Promise<unknown[]> {
    const found = await this.#cacheOf(keys[0]).getMany(keys);
    return keys.map((key) => found.get(key));
  }

  async has(key: string): Promise<boolean> {
    return this.#cacheOf(key).has(key);
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    const found = await this.#cacheOf(keys[0]).getMany(keys);
    return keys.map((key) => found.has(key));
  }

  async set(key: string, value: unknown, deadline?: number): Promise<boolean> {
    const cache = this.#cacheOf(key);
    const ttl = this.#ttlOf(deadline);
    if (ttl === undefined) return cache.set(key, value);
    if (ttl > 0) return cache.set(key, value, exactly(ttl));
    await cache.delete(key);
    return true;
  }

  async setMany(items: readonly Item[]): Promise<boolean[]> {
    const cache = this.#cacheOf(items[0]?.key);
    // The last item of a key wins, also where one of the two has no time left.
    const last = new Map(items.map((item) => [item.key, item]));
    const taken = new Set<string>();
    const groups = [...this.#byTtl(last.values())];
    // A batch may have a ttl for each of its items: those are many calls, and so many at once would be refused.
    for (let at = 0; at < groups.length; at += CALLS_AT_ONCE) {
      const calls = groups.slice(at, at + CALLS_AT_ONCE).map(async ([ttl, group]) => {
        if (await writeGroup(cache, group, ttl)) for (const { key } of group) taken.add(key);
      });
      await Promise.all(calls);
    }
    return items.map(({ key }) => taken.has(key));
  }

  async delete(key: string): Promise<boolean> {
    return this.#cacheOf(key).delete(key);
  }

  async deleteMany(keys: string[]): Promise<boolean | boolean[]> {
    const cache = this.#cacheOf(keys[0]);
    if (this.#version !== 6) return (await cache.deleteMany(keys)) === new Set(keys).size;
    const found = await cache.getMany(keys);
    await cache.deleteMany(keys);
    return keys.map((key) => found.has(key));
  }

  async clear(): Promise<void> {
    await this.#namespaces.only().clear();
  }

  async *iterator(namespace?: string): AsyncGenerator<[key: string, value: unknown], void> {
    const cache = this.#namespaces.cache(namespace);
    let keys: string[] = [];
    for await (const { id } of cache.keys()) {
      keys.push(String(id));
      if (keys.length < KEYS_AT_ONCE) continue;
      yield* await rowsOf(cache, keys);
      keys = [];
    }
    yield* await rowsOf(cache, keys);
  }

  async disconnect(): Promise<void> {}

  /** All keys of a call are one Keyv's. */
  #cacheOf(key: string | undefined): CacheLike {
    return key === undefined || this.#version === 6 ? this.#namespaces.cache() : this.#namespaces.cacheOf(key);
  }

  #byTtl(items: Iterable<Item>): Map<number | undefined, Item[]> {
    const groups = new Map<number | undefined, Item[]>();
    for (const item of items) {
      const ttl = this.#ttlOf(this.#version === 6 ? item.expires : item.ttl);
      const group = groups.get(ttl);
      if (group === undefined) groups.set(ttl, [item]);
      else group.push(item);
    }
    return groups;
  }

  /** Milliseconds that are left, none or less where it is past; `undefined` where Keyv itself sees no deadline. */
  #ttlOf(deadline: number | undefined): number | undefined {
    if (deadline === undefined || deadline === null || Number.isNaN(deadline)) return undefined;
    if (this.#version === 6) return Number.isFinite(deadline) ? deadline - Date.now() : undefined;
    return deadline === 0 ? undefined : deadline;
  }
}

async function writeGroup(cache: CacheLike, group: readonly Item[], ttl: number | undefined): Promise<boolean> {
  if (ttl === undefined || ttl > 0) {
    const pairs = group.map(({ key, value }) => [key, value] as const);
    return cache.setMany(pairs, ...(ttl === undefined ? [] : [exactly(ttl)]));
  }
  await cache.deleteMany(group.map(({ key }) => key));
  return true;
}

/** Those that are fresh. */
async function rowsOf(cache: CacheLike, keys: readonly string[]): Promise<Array<[key: string, value: unknown]>> {
  const found = keys.length === 0 ? undefined : await cache.getMany(keys);
  return keys.flatMap((key) => (found?.has(key) ? [[key, found.get(key)] as [string, unknown]] : []));
}

/** Whoever gives a deadline means it, so nothing is taken off. */
function exactly(ttl: number): LifeOptions {
  return { ttl, jitter: 0 };
}
