import { createKeyv } from "@keyv/redis";
import { Keyv } from "keyv";
import QuickLRU from "quick-lru";
import { readLoadWrite, TTL_MS } from "./common.mjs";

/** It has no method that loads: its `getOrSet` here is the read, load and write that its users write. */
export const about = { packages: ["keyv", "quick-lru", "@keyv/redis"], docs: ["https://keyv.org/docs/keyv"] };

export const cannot = {
  tiered: "it has one tier",
  tags: "it has no tags",
  invalidateTag: "it has no tags",
  getOrSetMany: "it has no method that loads",
  serializer: "it uses JSON",
};

/** "Third-party storage adapters" in its README: the LRU that it names, without serialization. */
export function memory({ maxEntries, load }) {
  const lru = new QuickLRU({ maxSize: maxEntries });
  const keyv = new Keyv({ store: lru, ttl: TTL_MS });
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  return { ...faceOf(keyv, load), entryCount: () => lru.size };
}

/** "createKeyv" in the README of @keyv/redis, which does without a second prefix. */
export function redis({ url, load }) {
  const keyv = createKeyv(url);
  keyv.ttl = TTL_MS;
  return faceOf(keyv, load);
}

function faceOf(keyv, load) {
  const get = (key) => keyv.get(key);
  const set = (key, value) => keyv.set(key, value);
  return {
    get,
    set,
    getOrSet: readLoadWrite({ get, set }, load),
    delete: (key) => keyv.delete(key),
    getMany: (keys) => keyv.getMany(keys),
    close: () => keyv.disconnect(),
  };
}
