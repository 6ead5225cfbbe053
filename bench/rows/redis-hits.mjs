import { createCache } from "@granary/core";
import { redisStore } from "@granary/redis";
import { Redis } from "ioredis";
import { redisServer } from "../redis-server.mjs";
import { noLoader, singleReads, valueOf } from "../single-reads.mjs";

const KEYS = 2_000;
const READS = 1_500;

const ids = Array.from({ length: KEYS }, (_, at) => `id${at}`);

/** A hit in Redis without an L1, against the bare client, with and without its own gathering of commands. */
export async function run() {
  const server = await redisServer();
  const clients = [{}, { enableAutoPipelining: true }, {}].map((options) => new Redis(server.url, options));
  const [raw, piped, client] = clients;
  const cache = createCache({ store: redisStore({ client }), namespace: "bench-hits", ttl: "1h" });
  const keys = ids.map((id) => `bench-hits-raw:${id}`);
  try {
    await Promise.all(keys.map((key, at) => raw.set(key, JSON.stringify(valueOf(at)), "PX", 3_600_000)));
    await cache.setMany(ids.map((id, at) => [id, valueOf(at)]));
    const readers = {
      "ioredis get + JSON.parse": async (at) => JSON.parse(await raw.get(keys[at])),
      "ioredis get + JSON.parse, enableAutoPipelining": async (at) => JSON.parse(await piped.get(keys[at])),
      "granary get": (at) => cache.get(ids[at]),
      "granary getOrSet": (at) => cache.getOrSet(ids[at], noLoader),
    };
    return await singleReads(readers, { keys: KEYS, reads: READS });
  } finally {
    await raw.del(keys);
    await cache.deleteMany(ids);
    await cache.close();
    for (const each of clients) each.disconnect();
    server.stop();
  }
}
