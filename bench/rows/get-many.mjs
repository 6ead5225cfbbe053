import { createCache } from "@granary/core";
import { redisStore } from "@granary/redis";
import { Redis } from "ioredis";
import { redisServer } from "../redis-server.mjs";
import { rounds, timed } from "../rounds.mjs";
import { valueOf } from "../single-reads.mjs";

const IDS = 2_000;
const BATCH = 100;
const READS = 60;

const ids = Array.from({ length: IDS }, (_, at) => `id${at}`);

/** What every read must give, so that nothing fast and wrong can win. */
function check(values) {
  let found = 0;
  for (const value of values) if (typeof value?.name === "string") found += 1;
  if (found !== BATCH) throw new Error(`A read gave ${found} of ${BATCH}.`);
}

/** Nanoseconds a batch. */
function batches(read) {
  return () =>
    timed(READS, async () => {
      for (let at = 0; at < READS; at += 1) {
        const from = (at * BATCH) % IDS;
        check(await read(from, from + BATCH));
      }
    });
}

/** 100 values by one call: what the cache costs above the one `MGET` that both send. */
export async function run() {
  const server = await redisServer();
  const [raw, client] = [new Redis(server.url), new Redis(server.url)];
  const cache = createCache({ store: redisStore({ client }), namespace: "bench-many", ttl: "1h" });
  const keys = ids.map((id) => `bench-many-raw:${id}`);
  try {
    await Promise.all(keys.map((key, at) => raw.set(key, JSON.stringify(valueOf(at)), "PX", 3_600_000)));
    await cache.setMany(ids.map((id, at) => [id, valueOf(at)]));
    const load = async () => {
      throw new Error("A hit loads nothing.");
    };
    const readers = {
      "ioredis mget + JSON.parse": async (from, to) =>
        (await raw.mget(keys.slice(from, to))).map((text) => JSON.parse(text)),
      "granary getMany": async (from, to) => (await cache.getMany(ids.slice(from, to))).values(),
      "granary getOrSetMany, all there": async (from, to) =>
        (await cache.getOrSetMany(ids.slice(from, to), load)).values(),
    };
    const candidates = Object.entries(readers).map(([name, read]) => [name, batches(read)]);
    return { "100 of Redis": await rounds(Object.fromEntries(candidates), { counted: 31, warmUp: 20 }) };
  } finally {
    await raw.del(keys);
    await cache.deleteMany(ids);
    await cache.close();
    for (const each of [raw, client]) each.disconnect();
    server.stop();
  }
}
