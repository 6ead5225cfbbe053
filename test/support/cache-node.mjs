// One node of a fleet, in a process of its own: memory over Redis, with a bus. Its parent tells it what to do.
// It runs the built packages, as an application would.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { machineMs } from "./machine-ms.mjs";

const { url, keyPrefix, channel } = JSON.parse(process.argv[2] ?? "{}");
const client = new Redis(url, { keyPrefix });
// No test may depend on how fast the machine is.
const far = { l2: redisStore({ client }), l2Timeout: "1m", bus: redisBus({ client, channel }) };
const store = tiered({ l1: memoryStore(), ...far });
const cache = createCache({ store, namespace: "fleet", ttl: "1h", staleIfError: "1h" });
const watches = new Map();

const verbs = {
  get: (id) => cache.get(id),
  set: (id, value) => cache.set(id, value),
  delete: (id) => cache.delete(id),
  expire: (id) => cache.expire(id),
  clear: () => cache.clear(),
  stats: () => cache.stats(),
  getOrSet: (id, value) => cache.getOrSet(id, () => value),
  stampede,
  watch,
  unwatch: () => watches.clear(),
  watched: (id) => watches.get(id).changes,
};

process.on("message", (question) => void answer(question));

async function answer({ call, verb, args }) {
  try {
    process.send({ call, result: await verbs[verb](...args), at: machineMs() });
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) });
  }
}

/** How often a loader runs when so many callers ask for one cold key at once, and what they all get. */
async function stampede(id, callers) {
  let loads = 0;
  const load = async () => {
    loads += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return `load ${loads}`;
  };
  const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(id, load)));
  return { loads, values: [...new Set(values)], callers: values.length };
}

/** Reads `id` over and over, until it is told to stop, and keeps each value that differs from the one before. */
async function watch(id) {
  const watching = { changes: [] };
  watches.set(id, watching);
  const look = async () => {
    const value = (await cache.get(id)) ?? null;
    const last = watching.changes.at(-1);
    if (last === undefined || last.value !== value) watching.changes.push({ value, at: machineMs(), reads: 1 });
    else last.reads += 1;
  };
  const goOn = async () => {
    while (watches.get(id) === watching) {
      await look();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await look();
  void goOn();
}
