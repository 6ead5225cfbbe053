import { setTimeout as pause } from "node:timers/promises";
import { Cannot, reasonFor } from "../harness/cannot.mjs";
import { redisServer } from "../harness/redis-server.mjs";
import { quartiles } from "../harness/rounds.mjs";
import { endAll, startAll } from "../harness/start-all.mjs";

const EVERY_MS = 10;
const LOAD_MS = 5;
/** Whoever is to notice a fault does so in its first second. */
const PHASE_MS = {
  up: 3_000,
  "frozen, first second": 1_000,
  "frozen, then": 4_000,
  "refused, first second": 1_000,
  "refused, then": 4_000,
  back: 5_000,
};
const SHORT_MS = 100;
/** Who has not been answered this long after the end never will be. */
const LAST_WAIT_MS = 15_000;

/** Of five requests one is for a key in memory, two for keys that only Redis has, two for keys that are nowhere. */
const KINDS = ["near", "far", "new", "far", "new"];
const NEAR_KEYS = 10;

export const row = {
  title: "Redis freezes, dies and comes back",
  about:
    "100 requests a second; a loader takes 5 ms. One request in five is for a key in memory, the others for keys that are " +
    "in Redis or nowhere. Redis is stopped with SIGSTOP for 5 s, then killed for 5 s, then started again, empty. " +
    "A request that was never answered counts as failed. Milliseconds by the phase in which a request came; the first " +
    'second of each fault, in which a circuit breaker opens, stands apart. "Set up for ' +
    'outages" is what the documentation of each proposes for that; cacheable and cache-manager then do not wait for Redis, ' +
    "and load what only Redis has. Unhandled is what would have ended the process.",
  subjects: ["granary", "bentocache", "cacheable", "cache-manager"],
  variants: {
    granary: ["memory alone", "defaults"],
    bentocache: ["defaults", "set up for outages"],
    cacheable: ["defaults", "set up for outages"],
    "cache-manager": ["defaults", "set up for outages"],
  },
  goals: {
    "frozen, first second: failed": [0, 0],
    "frozen, first second: p99": [305, 305],
    "frozen, then: failed": [0, 0],
    "frozen, then: p99": [10, 10],
    "refused, first second: failed": [0, 0],
    "refused, first second: p99": [10, 10],
    "refused, then: failed": [0, 0],
    "refused, then: p99": [10, 10],
    "back: failed": [0, 0],
    "back: p99": [305, 10],
    "whole run: unhandled": [0, 0],
  },
  plot: [
    "frozen, first second: p99",
    "frozen, then: p99",
    "refused, first second: p99",
    "refused, then: p99",
    "back: p99",
  ],
};

export async function measure({ participants, start, short, failed }) {
  const servers = new Map();
  const open = async (participant) => {
    const server = await redisServer();
    servers.set(participant, server);
    return start(participant, { url: `${server.url}/0`, quiet: true });
  };
  const children = await startAll(participants, { start: open, failed });
  try {
    const phaseMs = (phase) => (short ? SHORT_MS : PHASE_MS[phase]);
    const runs = [...children.open].map(async ([participant, child]) => {
      const figures = await outage(child, { server: servers.get(participant), phaseMs });
      return Object.entries(figures).map(([column, value]) => recordOf(participant, column, value));
    });
    return [...children.out, ...(await Promise.all(runs)).flat()];
  } finally {
    await endAll(children);
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
}

const recordOf = (participant, column, value) => ({
  ...participant,
  column,
  unit: /failed|loads|unhandled/.test(column) ? "" : "ms",
  value: quartiles([value]),
});

async function outage(child, { server, phaseMs }) {
  const phase = async (name) => {
    await child.call("enter", name);
    await pause(phaseMs(name));
  };
  await phase("up");
  server.freeze();
  await phase("frozen, first second");
  await phase("frozen, then");
  await server.kill();
  await phase("refused, first second");
  await phase("refused, then");
  await server.start();
  await phase("back");
  await child.call("enter", "after");
  return child.call("figures");
}

export async function open(subject, { url, variant, short }) {
  let [unhandled, loads] = [0, 0];
  // Either would have ended the process of somebody who does not listen for it.
  for (const event of ["unhandledRejection", "uncaughtException"]) process.on(event, () => (unhandled += 1));
  const load = async () => {
    loads += 1;
    await pause(LOAD_MS);
    return { from: "the origin" };
  };
  const make = () => faceFor(subject, variant, { url, maxEntries: 10_000, bus: !("bus" in subject.cannot), load });
  const face = await prepared(make, short ? 200 : 1_000);
  const traffic = new Traffic(face, () => loads);
  return {
    enter: (phase) => traffic.enter(phase),
    figures: async () => ({ ...(await traffic.figures()), "whole run: unhandled": unhandled }),
  };
}

/** What Redis holds is put there through a second face, so that the memory of the first does not have it. */
async function prepared(make, count) {
  const other = await make();
  const face = await make();
  if (other.set === undefined || face.set === undefined) throw new Error("This row needs `set`.");
  for (let at = 0; at < count; at += 1) await other.set(`far${at}`, CACHED);
  await other.close();
  for (let at = 0; at < NEAR_KEYS; at += 1) await face.set(`near${at}`, CACHED);
  return face;
}

const CACHED = { from: "the cache" };

function faceFor(subject, variant, options) {
  if (variant === "memory alone") return subject.memory(options);
  if (variant === "defaults") return subject.tiered(options);
  if (subject.forOutages === undefined) throw new Cannot(reasonFor(subject, "forOutages"));
  return subject.forOutages(options);
}

/** Requests at a steady rate, whether or not the earlier ones are answered. */
class Traffic {
  #face;
  #phases = [];
  #begun = performance.now();
  #sent = 0;
  #timer = setInterval(() => this.#catchUp(), EVERY_MS / 2);
  #waiting = new Set();
  #loads;

  constructor(face, loads) {
    this.#face = face;
    this.#loads = loads;
  }

  /** Begins `phase`, not before the one until now has seen a request. */
  async enter(phase) {
    while (this.#phases.at(-1)?.sent === 0) await pause(EVERY_MS);
    this.#phases.push({ phase, sent: 0, took: [], failed: 0, loadsBefore: this.#loads() });
  }

  #catchUp() {
    const due = (performance.now() - this.#begun) / EVERY_MS;
    for (; this.#sent < due; this.#sent += 1) {
      if (this.#phases.length > 0) void this.#request(this.#sent, this.#phases.at(-1));
    }
  }

  async #request(number, phase) {
    const kind = KINDS[number % KINDS.length];
    const key = `${kind}${kind === "near" ? number % NEAR_KEYS : number}`;
    const request = { phase, from: performance.now() };
    phase.sent += 1;
    this.#waiting.add(request);
    try {
      const value = await this.#face.getOrSet(key);
      if (typeof value?.from !== "string") throw new Error(`A read of ${key} gave ${JSON.stringify(value)}.`);
    } catch {
      phase.failed += 1;
    }
    this.#waiting.delete(request);
    phase.took.push(performance.now() - request.from);
  }

  async figures() {
    clearInterval(this.#timer);
    const loads = this.#phases.slice(1).map(({ loadsBefore }) => loadsBefore);
    this.#phases.pop();
    const until = performance.now() + LAST_WAIT_MS;
    while (this.#waiting.size > 0 && performance.now() < until) await pause(EVERY_MS);
    for (const { phase, from } of this.#waiting) {
      phase.failed += 1;
      phase.took.push(performance.now() - from);
    }
    return Object.assign({}, ...this.#phases.map((phase, at) => figuresOf(phase, loads[at])));
  }
}

function figuresOf({ phase, took, failed, loadsBefore }, loadsAfter) {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {
    [`${phase}: failed`]: failed,
    [`${phase}: loads`]: loadsAfter - loadsBefore,
    [`${phase}: p50`]: at(0.5),
    [`${phase}: p99`]: at(0.99),
    [`${phase}: max`]: at(1),
  };
}
