import { createCache } from "@granary/core";
import { redisStore } from "@granary/redis";
import { Redis } from "ioredis";
import { redisServer } from "../redis-server.mjs";
import { rounds, timed } from "../rounds.mjs";
import { zipf } from "../zipf.mjs";

const KEYS = 2_000;
const READS = 1_500;
const AT_ONCE = 100;

const ids = Array.from({ length: KEYS }, (_, at) => `id${at}`);
const valueOf = (at) => ({ id: at, name: `name ${at}`, tags: ["a", "b", "c", "d", "e"], nested: { at } });
const loader = async () => {
  throw new Error("A hit loads nothing.");
};

/** What every read must give, so that nothing fast and wrong can win. */
function check(value) {
  if (typeof value?.name !== "string") throw new Error("A read missed.");
}

function oneByOne(read, order) {
  return () =>
    timed(order.length, async () => {
      for (const at of order) check(await read(at));
    });
}

function atOnce(read, order) {
  return () =>
    timed(order.length, async () => {
      for (let from = 0; from < order.length; from += AT_ONCE) {
        for (const value of await Promise.all(order.slice(from, from + AT_ONCE).map(read))) check(value);
      }
    });
}

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
      "granary getOrSet": (at) => cache.getOrSet(ids[at], loader),
    };
    const order = zipf(KEYS, READS);
    const with_ = (way) => Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, way(read, order)]));
    return { "one after the other": await rounds(with_(oneByOne)), "100 at once": await rounds(with_(atOnce)) };
  } finally {
    await raw.del(keys);
    await cache.deleteMany(ids);
    await cache.close();
    for (const each of clients) each.disconnect();
    server.stop();
  }
}
