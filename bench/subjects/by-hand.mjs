import { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import { readLoadWrite, TTL_MS } from "./common.mjs";

/** The floor: what a careful engineer writes without a cache library, on the parts that the libraries stand on. */
export const about = { packages: ["lru-cache", "ioredis"], docs: ["https://isaacs.github.io/node-lru-cache"] };

export const cannot = {
  tags: "no tags by hand",
  invalidateTag: "no tags by hand",
  bus: "no bus by hand: the ratio with a bus is to the same write without",
};

export function memory({ maxEntries, load }) {
  const lru = new LRUCache({ max: maxEntries });
  const missed = async (key) => {
    const value = await load(key);
    lru.set(key, value);
    return value;
  };
  return {
    get: (key) => Promise.resolve(lru.get(key)),
    getOrSet(key) {
      const found = lru.get(key);
      return found === undefined ? missed(key) : Promise.resolve(found);
    },
    set: (key, value) => void lru.set(key, value),
    delete: (key) => lru.delete(key),
    entryCount: () => lru.size,
    close: () => lru.clear(),
  };
}

export function redis({ url, load, ...options }) {
  const client = new Redis(url, options);
  const far = farSide(client);
  const getMany = async (keys) => (await client.mget(keys)).map((text) => JSON.parse(text));
  return { ...far, getOrSet: readLoadWrite(far, load), getMany, getOrSetMany: getMany };
}

export function tiered({ url, maxEntries, load }) {
  const lru = new LRUCache({ max: maxEntries });
  const far = farSide(new Redis(url));
  const fill = async (key) => {
    const value = await far.get(key);
    if (value !== undefined) lru.set(key, value);
    return value;
  };
  const get = (key) => {
    const found = lru.get(key);
    return found === undefined ? fill(key) : Promise.resolve(found);
  };
  const set = (key, value) => {
    lru.set(key, value);
    return far.set(key, value);
  };
  const drop = (key) => {
    lru.delete(key);
    return far.delete(key);
  };
  return { get, set, delete: drop, getOrSet: readLoadWrite({ get, set }, load), close: far.close };
}

function farSide(client) {
  return {
    async get(key) {
      const text = await client.get(key);
      return text === null ? undefined : JSON.parse(text);
    },
    set: (key, value) => client.set(key, JSON.stringify(value), "PX", TTL_MS),
    delete: (key) => client.del(key),
    close: () => client.disconnect(),
  };
}

export const serializer = () => ({ encode: JSON.stringify, decode: JSON.parse });
