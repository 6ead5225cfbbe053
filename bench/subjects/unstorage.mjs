import { createStorage } from "unstorage";
import lruCacheDriver from "unstorage/drivers/lru-cache";
import redisDriver from "unstorage/drivers/redis";
import { readLoadWrite, TTL_MS } from "./common.mjs";

/** It has no method that loads: its `getOrSet` here is the read, load and write that its users write. */
export const about = {
  packages: ["unstorage", "ioredis"],
  docs: ["https://unstorage.unjs.io/drivers/lru-cache", "https://unstorage.unjs.io/drivers/redis"],
};

export const cannot = {
  tiered: "it has one tier",
  tags: "it has no tags",
  invalidateTag: "it has no tags",
  getOrSetMany: "it has no method that loads",
  serializer: "it uses JSON",
};

/** The raw methods of its page on usage share the value. This driver has no ttl. */
export function memory({ maxEntries, load }) {
  const driver = lruCacheDriver({ max: maxEntries });
  const storage = createStorage({ driver });
  const get = (key) => storage.getItemRaw(key);
  const set = (key, value) => storage.setItemRaw(key, value);
  return { ...faceOf(storage, { get, set, load }), entryCount: () => driver.getInstance().size };
}

export function redis({ url, load }) {
  const storage = createStorage({ driver: redisDriver({ url, base: "bench", ttl: TTL_MS / 1_000 }) });
  const get = (key) => storage.getItem(key);
  const set = (key, value) => storage.setItem(key, value);
  const getMany = async (keys) => (await storage.getItems(keys)).map(({ value }) => value);
  return { ...faceOf(storage, { get, set, load }), getMany };
}

function faceOf(storage, { get, set, load }) {
  return {
    get,
    set,
    getOrSet: readLoadWrite({ get, set }, load),
    delete: (key) => storage.removeItem(key),
    close: () => storage.dispose(),
  };
}
