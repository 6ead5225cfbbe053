import { cachified, totalTtl } from "@epic-web/cachified";
import { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["@epic-web/cachified", "lru-cache", "ioredis"],
  docs: ["https://github.com/epicweb-dev/cachified#readme"],
};

export const cannot = {
  tiered: "it has one tier",
  tags: "it has no tags",
  invalidateTag: "it has no tags",
  get: "it is read through its function, which loads",
  set: "it is filled through its function, which loads",
  getMany: "it has no read of many keys",
  getOrSetMany: "its batches load many keys, and read them one by one",
  serializer: "it leaves that to the store",
};

/** The adapter of its README. */
export function memory({ maxEntries, load }) {
  const lru = new LRUCache({ max: maxEntries });
  const store = {
    set(key, value) {
      const ttl = totalTtl(value?.metadata);
      return lru.set(key, value, {
        ttl: ttl === Number.POSITIVE_INFINITY ? undefined : ttl,
        start: value?.metadata?.createdTime,
      });
    },
    get: (key) => lru.get(key),
    delete: (key) => lru.delete(key),
  };
  return { ...faceOf(store, load), entryCount: () => lru.size, close: () => lru.clear() };
}

/** Its Redis adapter is a package for another client; this one is the same few lines on the client of the floor. */
export function redis({ url, load }) {
  const client = new Redis(url);
  const store = {
    name: "redis",
    set: (key, value) => client.set(key, JSON.stringify(value), "PX", totalTtl(value?.metadata)),
    async get(key) {
      const text = await client.get(key);
      return text === null ? null : JSON.parse(text);
    },
    delete: (key) => client.del(key),
  };
  return { ...faceOf(store, load), close: () => client.disconnect() };
}

function faceOf(cache, load) {
  return {
    getOrSet: (key) => cachified({ key, cache, ttl: TTL_MS, getFreshValue: load }),
    delete: (key) => cache.delete(key),
  };
}
