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

/** "serialize" in its page on drivers: off for the fastest reads, which share the value. */
const near = (maxEntries) => memoryDriver({ maxItems: maxEntries, serialize: false });

export function memory({ maxEntries, tagsOf, load }) {
  return faceOf(bentostore().useL1Layer(near(maxEntries)), { tagsOf, load });
}

export function redis({ url, load }) {
  return faceOf(bentostore().useL2Layer(redisDriver({ connection: connectionOf(url) })), { load });
}

export function tiered({ url, maxEntries, bus, tagsOf, load, ...options }) {
  const connection = connectionOf(url);
  const tiers = bentostore()
    .useL1Layer(near(maxEntries))
    .useL2Layer(redisDriver({ connection }));
  return faceOf(bus ? tiers.useBus(redisBusDriver({ connection })) : tiers, { tagsOf, load, ...options });
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
