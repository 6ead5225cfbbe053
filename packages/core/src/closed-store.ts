import { CacheError } from "./errors.js";
import type { CacheStore } from "./store.js";

/** Where the store of a cache and its children is: another one stands there once they are closed. */
export interface StoreSource {
  store: CacheStore;
}

/** Stands in the place of the store of a cache that was closed, for the calls that were under way then. */
export const closedStore: CacheStore = {
  name: "closed",
  get: refuse,
  set: refuse,
  delete: refuse,
  invalidate: refuse,
  walk: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
};

async function refuse(): Promise<never> {
  throw new CacheError("CLOSED", "This cache is closed.");
}
