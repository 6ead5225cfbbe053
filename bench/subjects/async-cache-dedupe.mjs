import { createCache } from "async-cache-dedupe";
import { Redis } from "ioredis";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["async-cache-dedupe", "ioredis"],
  docs: ["https://github.com/mcollina/async-cache-dedupe#readme"],
};

export const cannot = {
  tiered: "it has one tier",
  get: "it is read through its function, which loads",
  set: "it is filled through its function, which loads",
  getMany: "it has no read of many keys",
  getOrSetMany: "it has no read of many keys",
  entryCount: "it does not say how many entries it holds",
  serializer: "it uses JSON",
};

/** "size": 1,024 by default. "invalidation": off where no tags are asked for. */
export function memory({ maxEntries, tagsOf, load }) {
  const options = { size: maxEntries, invalidation: tagsOf !== undefined };
  return faceOf({ type: "memory", options }, { tagsOf, load });
}

export function redis({ url, tagsOf, load }) {
  const client = new Redis(url);
  const invalidation = tagsOf === undefined ? {} : { invalidation: { referencesTTL: TTL_MS / 1_000 } };
  const face = faceOf({ type: "redis", options: { client, ...invalidation } }, { tagsOf, load });
  return { ...face, close: () => client.disconnect() };
}

function faceOf(storage, { tagsOf, load }) {
  const cache = createCache({ ttl: TTL_MS / 1_000, storage });
  cache.define("it", tagsOf === undefined ? {} : { references: (key) => tagsOf(key) }, load);
  return {
    getOrSet: (key) => cache.it(key),
    delete: (key) => cache.clear("it", key),
    invalidateTag: (tag) => cache.invalidateAll(tag),
    close: () => {},
  };
}
