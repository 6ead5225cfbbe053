import type { Cache, UntypedCache } from "./cache-types.js";
import { CacheError } from "./errors.js";
import type { Cacheable, WrapOptions, Wrapped } from "./wrap.js";

/** A standard (TC39) decorator of methods. */
export type CachedDecorator<Args extends unknown[], T, In = T> = <This>(
  method: Cacheable<This, Args, In>,
  context: ClassMethodDecoratorContext<This>,
) => Wrapped<This, Args, T>;

/** That of a cache without a type: a method keeps its own. */
export type UntypedDecorator<Args extends unknown[]> = <This, U>(
  method: Cacheable<This, Args, U>,
  context: ClassMethodDecoratorContext<This>,
) => Wrapped<This, Args, U>;

/**
 * Caches the results of a method: `@cached(cache, { id: "price" })`. The instance is not part of the key, so the
 * result must follow from the arguments alone, or `options.id` must say more.
 * @throws CacheError `INVALID_OPTION`
 */
export function cached<Args extends unknown[]>(cache: UntypedCache, options: WrapOptions<Args>): UntypedDecorator<Args>;
/** The same on a cache with a type: methods give that type. */
export function cached<Args extends unknown[], T, In = T>(
  cache: Cache<T, In>,
  options: WrapOptions<Args>,
): CachedDecorator<Args, T, In>;
export function cached<Args extends unknown[]>(
  cache: Pick<UntypedCache, "wrap">,
  options: WrapOptions<Args>,
): UntypedDecorator<Args> {
  if (typeof cache?.wrap !== "function")
    throw new CacheError("INVALID_OPTION", 'cached() takes a cache: write @cached(cache, { id: "price" }).');
  return (method) => cache.wrap(method, options);
}
