// One node of a fleet that loads and changes as fast as it can. Its parent tells it what to do, and is the origin.
// It runs the built packages, as an application would.
import { createCache, systemClock } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { fencedBus } from "./fenced-bus.mjs";
import { machineMs } from "./machine-ms.mjs";
import { randomRun } from "./random-run.mjs";

const settings = JSON.parse(process.argv[2] ?? "{}");
const { url, keyPrefix, channel, name, plant, clientOptions, onStoreError, tracks } = settings;
const client = new Redis(url, { keyPrefix, ...clientOptions });
const bus = tracks === true ? redisTracking({ client }) : redisBus({ client, channel });
const l2 = redisStore({ client, ...(plant === "own clock" && { clock: systemClock }) });
// No test may depend on how fast the machine is.
const l2Timeout = "1m";
const store = tiered({ l1: memoryStore(), l2, l2Timeout, ...(plant === "no bus" ? { l1Ttl: "1h" } : { bus }) });
const lease = plant !== "no lease";
const cache = createCache({ store, namespace: "race", ttl: "1h", jitter: false, lease, onStoreError });
// What nobody clears.
const still = createCache({ store, namespace: "still", jitter: false, lease });
const errors = [];
for (const one of [cache, still]) one.on("error", ({ error }) => errors.push(String(error)));
const answers = new Map();
const listening = new Promise((resolve) => {
  bus.subscribe({ message: () => undefined, gap: resolve, error: () => undefined });
});

const verbs = {
  listening: () => listening,
  get: (id) => cache.get(id),
  ttl: (id) => cache.ttl(id),
  set: (id, value, ttl) => cache.set(id, value, { ttl }),
  stats: () => cache.stats(),
  errors: () => errors,
  stampede,
  randomRun: (plan) => randomRun({ cache, still, bus: tracks === true ? fencedBus(l2, bus) : bus, origin, name }, plan),
};

process.on("message", (question) => {
  if (question.type === "origin") answers.get(question.number)?.(question.versions);
  else void answer(question);
});

async function answer({ call, verb, args }) {
  try {
    const result = await verbs[verb](...args);
    process.send({ call, result, at: machineMs() });
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) });
  }
}

/** Asks the parent for the versions of keys: `"read"` as they are, `"write"` each one more. */
function origin(verb, keys) {
  const number = answers.size + 1;
  return new Promise((resolve) => {
    answers.set(number, resolve);
    process.send({ type: "origin", number, verb, keys });
  });
}

/** Many callers of one key at once, with a loader that takes so long; `null` is for ever. */
async function stampede(id, callers, loadMs) {
  let loads = 0;
  const load = async () => {
    loads += 1;
    process.send({ type: "load", name, id, at: machineMs() });
    await new Promise((resolve) => loadMs !== null && setTimeout(resolve, loadMs));
    return `load ${loads} of ${name}`;
  };
  const begunAt = machineMs();
  const calls = await Promise.allSettled(Array.from({ length: callers }, () => cache.getOrSet(id, load)));
  const values = calls.map(({ value }) => value).filter((value) => value !== undefined);
  const reasons = calls.flatMap(({ reason }) => (reason === undefined ? [] : String(reason)));
  const counts = { loads, callers: calls.length, served: values.length };
  return { ...counts, values: [...new Set(values)], reasons: [...new Set(reasons)], begunAt, endedAt: machineMs() };
}
