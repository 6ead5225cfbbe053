// One node of a fleet under load, while Redis fails it. Its parent tells it what to do.
// It runs the built packages, as an application would.
import { setTimeout as pause } from "node:timers/promises";
import { machineMs } from "../../support/machine-ms.mjs";
import { cachesOf, clientOf, storeOf, twoLines } from "./node-cache.mjs";
import { NodeLoad } from "./node-load.mjs";
import { openOrigin } from "./origin.mjs";

const SLICE_MS = 100;
/** Calls that have not ended by then hang. */
const PATIENCE_MS = 5_000;
/** How long a process has for letting go of everything. */
const LEAVING_MS = 60_000;

process.on("message", ({ call, verb, args }) => void answer(call, () => verbs[verb](...args)));
process.on("disconnect", end);
/** What the process lives on before there is a cache. */
const atFirst = process.getActiveResourcesInfo();

const { name, at, nodes, data, bus, originPort, plants, policy, mix = "all" } = JSON.parse(process.argv[2]);
// Cheaper than a BigInt for each call, and on the same clock.
const offset = machineMs() - performance.now();
const now = () => performance.now() + offset;

let unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(`rejection: ${reason}`));
process.on("uncaughtException", (error) => unhandled.push(`exception: ${error}`));

const origin = openOrigin(originPort, name);
const client = clientOf(data);
const busClient = bus === undefined ? client : twoLines(client, clientOf({ ...bus, lazyConnect: true }));
const store = storeOf({ client, busClient, plants });
const caches = cachesOf({ store, plants, policy });
const all = Object.values(caches);

/** What the caches reported, by operation and reason. */
const reports = new Map();
let breaker = [];
let gaps = 0;
/** Loads of keys that may be stale that were stored. */
let stored = 0;
caches.old.on("load", (event) => {
  if (event.stored) stored += 1;
});
for (const cache of all) cache.on("error", ({ operation, error }) => report(operation, error));
caches.hot.on("breaker", ({ state }) => breaker.push({ state, at: now() }));
store.on((event) => {
  if (event.type === "gap") gaps += 1;
});
const leaked = [];
if (plants.includes("leaks a timer")) setInterval(() => {}, 1_000);

const health = () =>
  caches.hot.stats().stores.redis ?? { state: "closed", pending: 0, owed: 0, timeouts: 0, refused: 0 };
const load = new NodeLoad({
  ...{ name, caches, origin, mix, now },
  owed: () => health().owed,
  ownKeys: (key) => key % nodes === at,
});
let telling;

const verbs = {
  warm: () => load.warm(),
  unheld: () => load.unheld(),
  start(perSecond) {
    telling = setInterval(tellSlice, SLICE_MS);
    load.start(perSecond);
  },
  async stop() {
    const hung = await load.stop(PATIENCE_MS);
    clearInterval(telling);
    load.tellObserver("end");
    return { hung, ...load.takeCounts(), ...takeNotes() };
  },
  /** Makes no more calls, and does not wait for those under way. */
  break() {
    clearInterval(telling);
    return load.stop(0);
  },
  health,
  reports: () => Object.fromEntries(reports),
  gaps: () => gaps,
  /** How far the clock that it follows is from this machine's. */
  clockOffMs: () => Math.abs(store.clock.now() - Date.now()),
  stored: () => stored,
  readAll: () => load.readAll(),
  /** What is held of a key near and far. */
  held: async (key) => ({ near: await caches.hot.entry(key), far: await client.get(`granary:v1:hot:${key}`) }),
  collected() {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  on: (of, verb, ...given) => caches[of][verb](...given),
  setAll: (ids, value) => inBatches(ids, (batch) => caches.hot.setMany(batch.map((id) => [id, value]))),
  deleteAll: (ids) => inBatches(ids, (batch) => caches.hot.deleteMany(batch)),
  /** Those of `ids` that nothing was found for. */
  missingOf: async (ids) => {
    const found = await inBatches(ids, async (batch) => [...(await caches.hot.getMany(batch)).keys()]);
    const all = new Set(found.flat());
    return ids.filter((id) => !all.has(id));
  },
  getEach: (ids) => Promise.all(ids.map((id) => caches.hot.get(id))),
  watch,
  watched,
  callOld,
  expireOld: (id) => caches.old.expire(id),
  close,
  /** The process is to end by itself, since nothing is left that it could wait for. */
  leave() {
    process.off("disconnect", end);
    setImmediate(() => process.disconnect());
  },
};

async function answer(call, act) {
  try {
    process.send({ call, result: await act(), at: machineMs() });
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) });
  }
}

function end() {
  process.exit();
}

function report(operation, error) {
  const reason = `${operation}: ${reasonOf(error)}`;
  reports.set(reason, (reports.get(reason) ?? 0) + 1);
  if (plants.includes("leaves rejections")) void Promise.reject(error);
}

/** What was noted since this was last called. */
function takeNotes() {
  const notes = { reports: Object.fromEntries(reports), unhandled, breaker };
  reports.clear();
  [unhandled, breaker] = [[], []];
  return notes;
}

/** The last cause says what Redis said. */
function reasonOf(error) {
  const text = error?.cause === undefined ? `${error?.code ?? ""} ${error?.message ?? error}` : reasonOf(error.cause);
  return text
    .trim()
    .replaceAll(/\d{4,}/g, "…")
    .slice(0, 120);
}

function tellSlice() {
  load.tellObserver("now");
  if (plants.includes("leaks memory")) leaked.push(Buffer.alloc(1_000_000));
  const { state, pending, owed } = health();
  const { rss, heapUsed } = process.memoryUsage();
  const queued = (client.commandQueue?.length ?? 0) + (client.offlineQueue?.length ?? 0);
  const slice = { at: now(), kinds: load.takeSlice(), state, pending, owed, queued, open: load.pending, rss, heapUsed };
  process.send({ type: "slice", slice });
}

const watching = { seen: {}, farReads: 0 };

/** Reads keys over and over from now on, for as long as this process lives, and keeps what it finds. */
function watch(of, ids) {
  for (const id of ids) watching.seen[`${of} ${id}`] = new Set();
  const look = async () => {
    const isFarWell = health().state === "closed" && health().owed === 0;
    const values = await Promise.all(ids.map((id) => caches[of].get(id)));
    ids.forEach((id, at) => values[at] !== undefined && watching.seen[`${of} ${id}`].add(values[at]));
    if (isFarWell) watching.farReads += ids.length;
    setTimeout(() => void look(), 1);
  };
  void look();
}

function watched() {
  const seen = Object.entries(watching.seen).map(([id, values]) => [id, [...values]]);
  return { seen: Object.fromEntries(seen), farReads: watching.farReads };
}

async function inBatches(ids, act) {
  const results = [];
  for (let from = 0; from < ids.length; from += 200) results.push(await act(ids.slice(from, from + 200)));
  return results;
}

/** What one call of a key that may be stale comes to, and how long it takes. */
async function callOld(id, options) {
  const begunAt = now();
  const ended = (end) => ({ ...end, ms: now() - begunAt });
  try {
    return ended({ version: await caches.old.getOrSet(id, () => origin.read(id), options) });
  } catch (error) {
    return ended({ code: error.code ?? String(error) });
  }
}

/** Closes everything, and says what is left of it. */
async function close() {
  // From here on nobody listens for the clients' errors but us.
  client.on("error", () => {});
  const begunAt = now();
  await Promise.all(all.map((cache) => cache.close()));
  const closedMs = now() - begunAt;
  client.disconnect();
  await origin.close();
  const until = now() + LEAVING_MS;
  while (left().length > 0 && now() < until) await pause(5);
  return { closedMs, left: left(), unhandled };
}

/** What keeps the process alive that did not before there were caches. */
function left() {
  const before = [...atFirst];
  return process.getActiveResourcesInfo().filter((resource) => {
    const at = before.indexOf(resource);
    if (at >= 0) before.splice(at, 1);
    return at < 0 && resource !== "Immediate";
  });
}
