import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { LRUCache } from "lru-cache";
import { noLoader, singleReads, valueOf } from "../single-reads.mjs";

const KEYS = 10_000;
const READS = 100_000;

const ids = Array.from({ length: KEYS }, (_, at) => `id${at}`);

async function readers() {
  const keys = ids.map((id) => `granary:v1:default:${id}`);
  const lru = new LRUCache({ max: KEYS });
  const [plain, tagged] = ["plain", "tagged"].map((namespace) =>
    createCache({ store: memoryStore({ maxEntries: KEYS }), namespace }),
  );
  for (const [at, id] of ids.entries()) {
    lru.set(keys[at], valueOf(at));
    await plain.set(id, valueOf(at));
    await tagged.set(id, valueOf(at), { tags: ["x", "y", `own${at % 100}`] });
  }
  // Invalidated after the entries were made: from now on every tagged hit has marks to be judged by.
  await tagged.invalidateTags("never carried");
  return {
    "lru-cache.get + Promise.resolve": (at) => Promise.resolve(lru.get(keys[at])),
    "granary get": (at) => plain.get(ids[at]),
    "granary getOrSet": (at) => plain.getOrSet(ids[at], noLoader),
    "granary get, 3 tags, after an invalidation": (at) => tagged.get(ids[at]),
  };
}

/** A hit in memory: what the cache costs above its own LRU. */
export async function run() {
  return singleReads(await readers(), { keys: KEYS, reads: READS });
}
