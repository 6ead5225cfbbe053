import { LRUCache } from "lru-cache";
import { TTL_MS } from "./common.mjs";

/** A second floor: an LRU that keeps deadlines too, as a cache has to. */
export const about = { packages: ["lru-cache"], docs: ["https://isaacs.github.io/node-lru-cache"] };

export const cannot = { tags: "no tags by hand" };

export function memory({ maxEntries }) {
  const lru = new LRUCache({ max: maxEntries, ttl: TTL_MS });
  return {
    get: (key) => Promise.resolve(lru.get(key)),
    set: (key, value) => void lru.set(key, value),
    entryCount: () => lru.size,
    close: () => lru.clear(),
  };
}
