import KeyvRedis, { createKeyvNonBlocking } from "@keyv/redis";
import { RedisMessageProvider } from "@qified/redis";
import { Cacheable, createKeyv } from "cacheable";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["cacheable", "@keyv/redis", "@qified/redis"],
  docs: ["https://cacheable.org/docs/cacheable", "https://cacheable.org/docs/memory"],
};

export const cannot = {
  getOrSetMany: "it loads one key at a time",
  serializer: "it uses the JSON of Keyv",
};

/** In its page on memory: "useClone", off where values are shared, and "storeHashSize", one map for one LRU. */
const near = (maxEntries) => createKeyv({ useClone: false, storeHashSize: 1, lruSize: maxEntries });

/** Its tags live in the same store, with a snapshot for each entry, and would push entries out. */
const roomFor = (maxEntries, tagsOf) => (tagsOf === undefined ? maxEntries : 2 * maxEntries + 1_000);

export function memory({ maxEntries, tagsOf, load }) {
  const primary = near(roomFor(maxEntries, tagsOf));
  const face = faceOf(new Cacheable({ primary, ttl: TTL_MS, tags: tagsOf !== undefined }), { tagsOf, load });
  return { ...face, entryCount: () => primary.store.store.size };
}

export function redis({ url, load }) {
  return faceOf(new Cacheable({ primary: new KeyvRedis(url), ttl: TTL_MS }), { load });
}

export function tiered({ url, maxEntries, bus, tagsOf, load }) {
  const secondary = new KeyvRedis(url);
  const sync = bus ? { sync: { qified: new RedisMessageProvider({ uri: url }) } } : {};
  const primary = near(roomFor(maxEntries, tagsOf));
  return faceOf(new Cacheable({ primary, secondary, ttl: TTL_MS, tags: tagsOf !== undefined, ...sync }), {
    tagsOf,
    load,
  });
}

/** "Non-Blocking with @keyv/redis" in its README, for when Redis does not answer. */
export function forOutages({ url, maxEntries, load }) {
  const secondary = createKeyvNonBlocking(url);
  return faceOf(new Cacheable({ primary: near(maxEntries), secondary, ttl: TTL_MS, nonBlocking: true }), { load });
}

function faceOf(cache, { tagsOf, load }) {
  const tagsFor = tagsOf ?? (() => undefined);
  // Without a listener its Redis client ends the process when a connection is lost.
  cache.on("error", () => {});
  return {
    get: (key) => cache.get(key),
    getOrSet: tagsOf
      ? (key) => cache.getOrSet(key, load, { ttl: TTL_MS, tags: tagsFor(key) })
      : (key) => cache.getOrSet(key, load),
    set: tagsOf
      ? (key, value) => cache.set(key, value, { ttl: TTL_MS, tags: tagsFor(key) })
      : (key, value) => cache.set(key, value),
    delete: (key) => cache.delete(key),
    getMany: (keys) => cache.getMany(keys),
    invalidateTag: (tag) => cache.tags.invalidateTag(tag),
    close: () => cache.disconnect(),
  };
}
