import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { LRUCache } from "lru-cache";
import { rounds, timed } from "../rounds.mjs";
import { zipf } from "../zipf.mjs";

const KEYS = 10_000;
const READS = 100_000;
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
    "granary getOrSet": (at) => plain.getOrSet(ids[at], loader),
    "granary get, 3 tags, after an invalidation": (at) => tagged.get(ids[at]),
  };
}

/** A hit in memory: what the cache costs above its own LRU. */
export async function run() {
  const order = zipf(KEYS, READS);
  const all = Object.entries(await readers());
  const with_ = (way) => Object.fromEntries(all.map(([name, read]) => [name, way(read, order)]));
  return { "one after the other": await rounds(with_(oneByOne)), "100 at once": await rounds(with_(atOnce)) };
}
