import { createCache, guarded } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { superjsonSerializer } from "@granary/superjson";
import { tiered as tieredStore } from "@granary/tiered";
import { Redis } from "ioredis";

export const about = { packages: ["@granary/core", "ioredis"], docs: ["README.md", "docs/layered-caching.md"] };

export const cannot = {};

export function memory({ maxEntries, tagsOf, load }) {
  const store = memoryStore({ maxEntries });
  return { ...faceOf(store, { tagsOf, load }), entryCount: () => store.entryCount };
}

export function redis({ url, load, patient }) {
  const client = new Redis(url);
  return faceOf(farStore(client, patient), { load, client });
}

export function tiered({ url, maxEntries, bus, tagsOf, load, patient }) {
  const client = new Redis(url);
  const tiers = { l1: memoryStore({ maxEntries }), l2: farStore(client, patient) };
  // Without a bus L1 trusts its copies for 5 s. The other libraries trust theirs to the end.
  const store = tieredStore(bus ? { ...tiers, bus: redisBus({ client }) } : { ...tiers, l1Ttl: "1h" });
  return faceOf(store, { tagsOf, load, client });
}

/** Where a row need only run, no machine is too slow for it: the limit of 250 ms is out of the way. */
function farStore(client, patient) {
  const store = redisStore({ client });
  return patient ? guarded(store, { timeout: "1m" }) : store;
}

function faceOf(store, { tagsOf, load, client }) {
  const cache = createCache({ store, ttl: "1h" });
  const loadMany = async (ids) => Promise.all(ids.map(load));
  const plain = {
    get: (key) => cache.get(key),
    getOrSet: (key) => cache.getOrSet(key, load),
    set: (key, value) => cache.set(key, value),
    delete: (key) => cache.delete(key),
    getMany: async (keys) => (await cache.getMany(keys)).values(),
    getOrSetMany: async (keys) => (await cache.getOrSetMany(keys, loadMany)).values(),
    invalidateTag: (tag) => cache.invalidateTags(tag),
    async close() {
      await cache.close();
      client?.disconnect();
    },
  };
  return tagsOf === undefined ? plain : { ...plain, ...tagging(cache, { tagsOf, load }) };
}

function tagging(cache, { tagsOf, load }) {
  return {
    getOrSet: (key) => cache.getOrSet(key, load, { tags: tagsOf(key) }),
    set: (key, value) => cache.set(key, value, { tags: tagsOf(key) }),
  };
}

export const serializer = () => superjsonSerializer;
