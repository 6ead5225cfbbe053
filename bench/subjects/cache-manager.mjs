import KeyvRedis, { createKeyvNonBlocking } from "@keyv/redis";
import { createCache } from "cache-manager";
import { createKeyv } from "cacheable";
import { Keyv } from "keyv";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["cache-manager", "cacheable", "@keyv/redis"],
  docs: ["https://cacheable.org/docs/cache-manager", "https://cacheable.org/docs/memory"],
};

export const cannot = {
  get: "its `get` does not bring values from Redis into memory; `wrap` does",
  bus: "it has no bus",
  tags: "it has no tags",
  invalidateTag: "it has no tags",
  getOrSetMany: "it loads one key at a time",
  serializer: "it uses the JSON of Keyv",
};

/** The store that its README proposes for memory, sharing values, with one map for one LRU. */
const near = (maxEntries) => createKeyv({ useClone: false, storeHashSize: 1, lruSize: maxEntries });

const far = (url) => new Keyv({ store: new KeyvRedis(url) });

export function memory({ maxEntries, load }) {
  const store = near(maxEntries);
  return { ...faceOf([store], load), entryCount: () => store.store.store.size };
}

export const redis = ({ url, load }) => faceOf([far(url)], load);

export function tiered({ url, maxEntries, load }) {
  return { ...faceOf([near(maxEntries), far(url)], load), get: undefined };
}

/** "nonBlocking" in its README, and the client that the README of @keyv/redis makes for that. */
export function forOutages({ url, maxEntries, load }) {
  return faceOf([near(maxEntries), createKeyvNonBlocking(url)], load, { nonBlocking: true });
}

function faceOf(stores, load, options = {}) {
  const cache = createCache({ stores, ttl: TTL_MS, ...options });
  // A cache without a listener for errors of its stores could end the process.
  for (const store of stores) store.on("error", () => {});
  return {
    get: (key) => cache.get(key),
    getOrSet: (key) => cache.wrap(key, load),
    set: (key, value) => cache.set(key, value),
    delete: (key) => cache.del(key),
    getMany: (keys) => cache.mget(keys),
    close: () => cache.disconnect(),
  };
}
