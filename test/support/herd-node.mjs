// One node of a fleet that asks for one key, in a process of its own. Its parent says when its loads end.
// It runs the built packages, as an application would.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { machineMs } from "./machine-ms.mjs";

const { url, keyPrefix, channel } = JSON.parse(process.argv[2] ?? "{}");
const client = new Redis(url, { keyPrefix });
const l2 = redisStore({ client });
/** Whether it has been told that another node loads what it asks for. */
let isWaiting = false;
const acquire = async (...given) => {
  const answer = await l2.leases.acquire(...given);
  if (answer.type === "taken") isWaiting = true;
  return answer;
};
const watched = { ...l2, leases: { ...l2.leases, acquire } };
const cache = createCache({
  store: tiered({ l1: memoryStore(), l2: watched, bus: redisBus({ client, channel }) }),
  namespace: "herd",
});
cache.on("error", () => {});

const finishes = {
  fails: () => {
    throw new Error("down");
  },
  "brings undefined": () => undefined,
  "says skip()": ({ skip }) => {
    skip();
    return "mine";
  },
  "says setTtl(0)": ({ setTtl }) => {
    setTtl(0);
    return "mine";
  },
};
let end = () => {};

const verbs = {
  /** So that its connections stand. */
  ready: () => cache.get("other"),
  isWaiting: () => isWaiting,
  load,
};

function load(way) {
  isWaiting = false;
  const loading = cache.getOrSet(way, async (context) => {
    await new Promise((resolve) => {
      end = resolve;
      process.send({ type: "begun" });
    });
    return finishes[way](context);
  });
  return loading.catch(() => "failed");
}

process.on("message", (message) => {
  if (message.verb === "end") end();
  else void answer(message);
});

async function answer({ call, verb, args }) {
  try {
    process.send({ call, result: await verbs[verb](...args), at: machineMs() });
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) });
  }
}
