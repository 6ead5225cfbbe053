// Each library as its own documentation sets it up: memory over Redis, defaults elsewhere, a ttl of one minute.
import { readFileSync } from "node:fs";
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import KeyvRedis from "@keyv/redis";
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { createCache as createManager } from "cache-manager";
import { Cacheable } from "cacheable";
import { Redis } from "ioredis";
import { Keyv } from "keyv";

const TTL_MS = 60_000;

/** By name: `open(url)` gives `{ getOrSet(key, load), get(key), delete(key), close() }` on the Redis at `url`. */
export const libraries = { granary, bentocache, cacheable, "cache-manager": cacheManager, keyv };

/** The version that is installed here. */
export function versionOf(name) {
  const folder = name === "granary" ? "@granary/core" : name;
  const manifest = readFileSync(new URL(`../node_modules/${folder}/package.json`, import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

function granary(url) {
  const client = new Redis(url);
  const cache = createCache({
    store: tiered({ l1: memoryStore(), l2: redisStore({ client }), bus: redisBus({ client }) }),
    ttl: TTL_MS,
  });
  return {
    getOrSet: (key, load) => cache.getOrSet(key, load),
    get: (key) => cache.get(key),
    delete: (key) => cache.delete(key),
    async close() {
      await cache.close();
      client.disconnect();
    },
  };
}

function bentocache(url) {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port) };
  const layered = bentostore()
    .useL1Layer(memoryDriver())
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  const cache = new BentoCache({ default: "layered", stores: { layered } });
  return {
    getOrSet: (key, load) => cache.getOrSet({ key, ttl: TTL_MS, factory: load }),
    get: (key) => cache.get({ key }),
    delete: (key) => cache.delete({ key }),
    close: () => cache.disconnectAll(),
  };
}

function cacheable(url) {
  const cache = new Cacheable({ secondary: new Keyv({ store: new KeyvRedis(url) }), ttl: TTL_MS });
  return {
    getOrSet: (key, load) => cache.getOrSet(key, load, { ttl: TTL_MS }),
    get: (key) => cache.get(key),
    delete: (key) => cache.delete(key),
    close: () => cache.disconnect(),
  };
}

function cacheManager(url) {
  const cache = createManager({ stores: [new Keyv(), new Keyv({ store: new KeyvRedis(url) })], ttl: TTL_MS });
  return {
    getOrSet: (key, load) => cache.wrap(key, load),
    get: (key) => cache.get(key),
    delete: (key) => cache.del(key),
    close: () => cache.disconnect(),
  };
}

/** Keyv has one tier and no `getOrSet`: this is the one that its users write. */
function keyv(url) {
  const cache = new Keyv({ store: new KeyvRedis(url), ttl: TTL_MS });
  return {
    async getOrSet(key, load) {
      const found = await cache.get(key);
      if (found !== undefined) return found;
      const value = await load();
      await cache.set(key, value);
      return value;
    },
    get: (key) => cache.get(key),
    delete: (key) => cache.delete(key),
    close: () => cache.disconnect(),
  };
}
