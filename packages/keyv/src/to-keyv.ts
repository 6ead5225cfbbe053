import { CacheError, checkOptions, type OptionNames } from "@granary/core";
import { type CacheLike, requireCache } from "./cache-like.js";
import { CacheAdapter, type Keyv6Adapter, type KeyvAdapter, type KeyvVersion } from "./keyv-adapter.js";

/** What `toKeyv` is to be. */
export interface ToKeyvOptions {
  /**
   * The version of Keyv whose storage interface it has. Needed only by who calls the adapter without a Keyv. Default: 5,
   * until a Keyv 6 takes it.
   */
  readonly version?: KeyvVersion;
}

const OPTIONS: OptionNames<ToKeyvOptions> = { version: true };

/**
 * A cache in the form that libraries which take a Keyv expect: pass it as the cache of `got` or `cacheable-request`,
 * or as `new Keyv({ store: toKeyv(cache) })` where a Keyv itself is asked for (`cache-manager`, NestJS). Give each Keyv
 * an adapter of its own; any number of them may be over one cache.
 *
 * The namespace of the Keyv becomes a child of the cache, and `clear()` clears that alone; without a namespace, the
 * whole cache. Keyv hands over text that it made itself, so give it a cache without a `schema`. A value without a ttl
 * lives as long as the cache's own `ttl` says. Stale values are never served.
 * @throws CacheError `INVALID_OPTION`
 */
export function toKeyv(cache: CacheLike, options: { readonly version: 6 }): Keyv6Adapter;
/** The same as an adapter of Keyv 5, until a Keyv 6 takes it. */
export function toKeyv(cache: CacheLike, options?: ToKeyvOptions): KeyvAdapter;
export function toKeyv(cache: CacheLike, options: ToKeyvOptions = {}): KeyvAdapter | Keyv6Adapter {
  requireCache(cache);
  checkOptions(options, OPTIONS);
  const { version } = options;
  if (version !== undefined && version !== 5 && version !== 6)
    throw new CacheError("INVALID_OPTION", `version: ${String(version)} is no version of Keyv. Write 5 or 6.`);
  return new CacheAdapter(cache, version) as unknown as KeyvAdapter | Keyv6Adapter;
}
