import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { EVERYBODY } from "../subjects/names.mjs";

/** What an application imports for a cache in memory. */
const IMPORTS = {
  "by-hand": 'export { LRUCache } from "lru-cache";',
  granary: 'export { createCache } from "@granary/core"; export { memoryStore } from "@granary/memory";',
  bentocache:
    'export { BentoCache, bentostore } from "bentocache"; export { memoryDriver } from "bentocache/drivers/memory";',
  cacheable: 'export { Cacheable } from "cacheable";',
  "cache-manager": 'export { createCache } from "cache-manager"; export { createKeyv } from "cacheable";',
  keyv: 'export { Keyv } from "keyv"; export { default as QuickLRU } from "quick-lru";',
  "async-cache-dedupe": 'export { createCache } from "async-cache-dedupe";',
  cachified: 'export { cachified, totalTtl } from "@epic-web/cachified"; export { LRUCache } from "lru-cache";',
  catbox: 'export { Client, Policy } from "@hapi/catbox"; export { Engine } from "@hapi/catbox-memory";',
  unstorage:
    'export { createStorage } from "unstorage"; export { default as lruCacheDriver } from "unstorage/drivers/lru-cache";',
};

const COLUMN = "minified and brotli";

export const row = {
  title: "Size",
  about:
    "What an application imports for a cache in memory, with everything under it: bundled and minified by esbuild, " +
    "compressed by brotli.",
  subjects: EVERYBODY,
  goals: { [COLUMN]: [15, 12] },
  plot: [COLUMN],
};

export async function measure({ participants }) {
  const records = participants.map(async (participant) => {
    const bytes = await sizeOf(IMPORTS[participant.subject]);
    return { ...participant, column: COLUMN, unit: "kB", value: Array(3).fill(bytes / 1_000) };
  });
  return Promise.all(records);
}

async function sizeOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
    // Not installed, and asked for only by drivers that are not used here.
    external: ["knex", "kysely", "ioredis", "@aws-sdk/*", "orchid-orm"],
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}
