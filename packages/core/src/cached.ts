import type { Cache } from "./cache-types.js";
import { CacheError } from "./errors.js";
import type { Cacheable, WrapOptions, Wrapped } from "./wrap.js";

/** A standard (TC39) decorator of methods. */
export type CachedDecorator<Args extends unknown[], T> = <This>(
  method: Cacheable<This, Args, T>,
  context: ClassMethodDecoratorContext<This>,
) => Wrapped<This, Args, T>;

/**
 * Caches the results of a method: `@cached(cache, { id: "price" })`. The instance is not part of the key, so the
 * result must follow from the arguments alone, or `options.id` must say more.
 * @throws CacheError `INVALID_OPTION`
 */
export function cached<Args extends unknown[], T>(
  cache: Cache<T>,
  options: WrapOptions<Args>,
): CachedDecorator<Args, T> {
  if (typeof cache?.wrap !== "function")
    throw new CacheError("INVALID_OPTION", 'cached() takes a cache: write @cached(cache, { id: "price" }).');
  return (method) => cache.wrap(method, options);
}
