import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { columnsOf, timing } from "../harness/timing.mjs";
import { check, KEYS, keys, origin, readOrder, valueOf } from "../harness/workload.mjs";

const TAGS = ["team:7", "catalogue", "price list"];

/** What any validator is for us: an object of Standard Schema. It is not asked on a hit. */
const SCHEMA = { "~standard": { version: 1, vendor: "bench", validate: (value) => ({ value }) } };

/** How a hit is read with each feature. */
const VARIANTS = {
  plain: {},
  "three tags": { call: { tags: TAGS } },
  "tags, another invalidated": { call: { tags: TAGS }, after: (cache) => cache.invalidateTags("another") },
  "a clear in the past": { before: (cache) => cache.clear() },
  "stale options": { cache: { staleWhileRevalidate: "30s", staleIfError: "6h", refreshAhead: 0.8 } },
  "a schema": { cache: { schema: SCHEMA } },
  "a namespace": { face: (cache) => cache.namespace("child") },
  "a listener for hits": { after: (cache) => void cache.on("hit", () => {}) },
  "options in the call": { call: { ttl: "5m" } },
  "params in the call": { call: { params: { page: 1 } } },
  'values: "frozen"': { store: { values: "frozen" } },
  'values: "cloned"': { store: { values: "cloned" } },
  maxBytes: { store: { maxBytes: 100_000_000 } },
  "ttl: Infinity": { cache: { ttl: Number.POSITIVE_INFINITY } },
};

export const row = {
  title: "What features cost on a hit",
  about: "A hit in memory by `getOrSet`; each feature alone, in a process of its own, against none of them.",
  floor: "plain",
  subjects: ["granary"],
  variants: { granary: Object.keys(VARIANTS) },
  plot: ["getOrSet, one by one"],
};

export async function open(_, context) {
  const { cache: options, store, call, face, before, after } = VARIANTS[context.variant];
  const source = origin();
  const whole = createCache({ store: memoryStore({ maxEntries: KEYS, ...store }), ttl: "1h", ...options });
  const cache = face?.(whole) ?? whole;
  await before?.(cache);
  for (const [at, key] of keys.entries()) await cache.set(key, valueOf(at), call);
  await after?.(cache);
  // An object of the call's own, as callers write it.
  const read =
    call === undefined
      ? (at) => cache.getOrSet(keys[at], source.load)
      : (at) => cache.getOrSet(keys[at], source.load, { ...call });
  return timing(
    columnsOf(["getOrSet"], (_method, way) => way(read, readOrder(), check)),
    context,
  );
}
