import { type CacheStore, isPromiseLike } from "@granary/core";

/** `store`, with the milliseconds of each `get` told to `took`: a store may wear another one like a coat. */
export function timed(store: CacheStore, took: (ms: number) => void): CacheStore {
  return {
    ...store,
    get(key, now, admit) {
      const began = performance.now();
      const found = store.get(key, now, admit);
      const done = (): void => took(performance.now() - began);
      if (isPromiseLike(found)) return Promise.resolve(found).finally(done);
      done();
      return found;
    },
  };
}
