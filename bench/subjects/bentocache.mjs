import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["bentocache", "ioredis"],
  docs: ["https://bentocache.dev/docs/cache-drivers", "https://bentocache.dev/docs/multi-tier"],
};

export const cannot = {
  getMany: "it has no read of many keys",
  getOrSetMany: "it has no read of many keys",
  entryCount: "its driver does not say how many entries it holds",
  serializer: "it uses JSON",
};

/** Its marks of tags live among the entries, and would push some out. */
const roomFor = (maxEntries, tagsOf) => (tagsOf === undefined ? maxEntries : maxEntries + 1_000);

/** "serialize" in its page on drivers: off for the fastest reads, which share the value. */
export function memory({ maxEntries, tagsOf, load }) {
  const driver = memoryDriver({ maxItems: roomFor(maxEntries, tagsOf), serialize: false });
  return faceOf(bentostore().useL1Layer(driver), { tagsOf, load });
}

export function redis({ url, load }) {
  return faceOf(bentostore().useL2Layer(redisDriver({ connection: connectionOf(url) })), { load });
}

/** "serialize" is left on: without it, 1.6.1 cannot read from memory what it brought there from Redis. */
export function tiered({ url, client, maxEntries, bus, tagsOf, load, ...options }) {
  const connection = { ...connectionOf(url), ...client };
  const tiers = bentostore()
    .useL1Layer(memoryDriver({ maxItems: roomFor(maxEntries, tagsOf) }))
    .useL2Layer(redisDriver({ connection }));
  return faceOf(bus ? tiers.useBus(redisBusDriver({ connection })) : tiers, { tagsOf, load, ...options });
}

/** "l2CircuitBreakerDuration" in its page on options, and the time limits of the client under it. */
export function forOutages({ url, ...options }) {
  const client = { commandTimeout: 250, maxRetriesPerRequest: 1 };
  return tiered({ url, client, l2CircuitBreakerDuration: "1s", ...options });
}

/** Its driver takes the settings of ioredis. */
function connectionOf(url) {
  const { hostname: host, port, pathname } = new URL(url);
  return { host, port: Number(port), db: Number(pathname.slice(1)) };
}

function faceOf(store, { tagsOf, load, ...options }) {
  const cache = new BentoCache({ default: "it", stores: { it: store }, ttl: TTL_MS, ...options });
  const plain = {
    get: (key) => cache.get({ key }),
    getOrSet: (key) => cache.getOrSet({ key, factory: load }),
    set: (key, value) => cache.set({ key, value }),
    delete: (key) => cache.delete({ key }),
    invalidateTag: (tag) => cache.deleteByTag({ tags: [tag] }),
    close: () => cache.disconnectAll(),
  };
  if (tagsOf === undefined) return plain;
  return {
    ...plain,
    getOrSet: (key) => cache.getOrSet({ key, factory: load, tags: tagsOf(key) }),
    set: (key, value) => cache.set({ key, value, tags: tagsOf(key) }),
  };
}
