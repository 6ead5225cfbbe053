import { setTimeout as pause } from "node:timers/promises";
import { bucketOf } from "./latencies.mjs";

const HOT_KEYS = Array.from({ length: 60 }, (_, at) => `k${at}`);
const OLD_KEYS = Array.from({ length: 20 }, (_, at) => `o${at}`);
/** It looks at least so often what is due, and no more often than something is. */
const LONGEST_TURN_MS = 4;

/** What calls are made, and how many of a thousand of each kind. */
const MIXES = {
  all: { read: 930, get: 20, cold: 20, old: 20, delete: 7, set: 3 },
  even: { read: 380, get: 20, cold: 380, old: 180, delete: 25, set: 15 },
  old: { old: 1_000 },
};

/**
 * Calls a node's caches at a fixed rate, whether earlier calls have been answered or not, and counts how long each took
 * from the instant at which it was due. (Tene, "How not to measure latency", 2013: a load that waits for its victim
 * leaves out the calls that would have suffered most.)
 */
export class NodeLoad {
  #parts;
  #timer;
  #begunAt = 0;
  #started = 0;
  #pending = 0;
  #slice = emptySlice();
  #highest = new Map();
  /** The last read of each version in this slice. */
  #seen = new Map();
  /** Changes of which Redis has not had all. */
  #untaken = [];
  #writing = new Set();
  #tier;
  #counts = emptyCounts();

  /** `parts`: name, caches, origin, mix, now(), owed(), and ownKeys(), whether this node alone sets the key of a number. */
  constructor(parts) {
    this.#parts = parts;
    parts.caches.hot.on("hit", ({ tier }) => {
      this.#tier = tier;
    });
  }

  get pending() {
    return this.#pending;
  }

  /** Has every key at hand before anything is counted. */
  async warm() {
    const { hot, old } = this.#parts.caches;
    // One that fails now is counted when it fails under load.
    await Promise.allSettled(HOT_KEYS.map((key) => hot.getOrSet(key, () => this.#parts.origin.read(key))));
    await Promise.allSettled(OLD_KEYS.map((key) => old.getOrSet(key, () => this.#parts.origin.read(key))));
  }

  /** How many keys that may be stale have no entry at hand. */
  async unheld() {
    const entries = await Promise.all(OLD_KEYS.map((key) => this.#parts.caches.old.entry(key)));
    return entries.filter((entry) => entry === undefined).length;
  }

  start(perSecond) {
    this.#begunAt = this.#parts.now();
    this.#started = 0;
    this.#timer = setInterval(() => this.#callWhatIsDue(perSecond), Math.min(LONGEST_TURN_MS, 1_000 / perSecond));
  }

  /** Resolves once every call has ended, or `patienceMs` have passed, to how many have not. */
  async stop(patienceMs) {
    clearInterval(this.#timer);
    // A slow machine ends them late, but one after the other; those that hang end none.
    let [left, until] = [this.#pending, this.#parts.now() + patienceMs];
    while (this.#pending > 0 && this.#parts.now() < until) {
      await pause(5);
      if (this.#pending < left) [left, until] = [this.#pending, this.#parts.now() + patienceMs];
    }
    return this.#pending;
  }

  /** What has been counted since it was last asked. */
  takeSlice() {
    const slice = this.#slice;
    this.#slice = emptySlice();
    return Object.fromEntries(Object.entries(slice).map(([kind, counts]) => [kind, [...counts]]));
  }

  /** What came of the calls since this was last asked. */
  takeCounts() {
    const counts = this.#counts;
    this.#counts = emptyCounts();
    return { ...counts, failed: Object.fromEntries(counts.failed) };
  }

  /** Hands the observer what was read and changed since this was last called; at the `"end"` what Redis never had too. */
  tellObserver(moment) {
    const { origin, owed, now } = this.#parts;
    const seen = [...this.#seen].flatMap(([key, at]) => [...at].map(([version, last]) => [key, version, last]));
    this.#seen.clear();
    if (seen.length > 0) origin.note({ verb: "saw", seen });
    if (this.#untaken.length === 0) return;
    const isTaken = owed() === 0;
    if (!isTaken && moment !== "end") return;
    const takenAt = isTaken ? now() : undefined;
    for (const change of this.#untaken) origin.note({ verb: "changed", ...change, takenAt });
    this.#untaken = [];
  }

  /** What it reads under every key now. */
  async readAll() {
    const { caches, origin } = this.#parts;
    const read = async (key) => [key, await caches.hot.getOrSet(key, () => origin.read(key))];
    return Object.fromEntries(await Promise.all(HOT_KEYS.map(read)));
  }

  #callWhatIsDue(perSecond) {
    const spacing = 1_000 / perSecond;
    const due = Math.floor((this.#parts.now() - this.#begunAt) / spacing);
    for (; this.#started <= due; this.#started += 1) {
      void this.#call(this.#begunAt + this.#started * spacing);
    }
  }

  async #call(dueAt) {
    const verb = pickOf(MIXES[this.#parts.mix]);
    this.#pending += 1;
    this.#counts.calls += 1;
    try {
      const kind = await this[verb](dueAt);
      if (kind !== undefined) count(this.#slice, kind, this.#parts.now() - dueAt);
    } catch (error) {
      const reason = String(error);
      const { failed } = this.#counts;
      failed.set(reason, (failed.get(reason) ?? 0) + 1);
    } finally {
      this.#pending -= 1;
    }
  }

  async read() {
    const { caches, origin, now } = this.#parts;
    const key = anyOf(HOT_KEYS);
    const [begunAt, floor] = [now(), this.#highest.get(key) ?? -1];
    this.#tier = undefined;
    const reading = caches.hot.getOrSet(key, () => origin.read(key));
    // A hit of memory is told of before the call returns.
    const kind = this.#tier === "memory" ? "hit" : "miss";
    this.#note(key, { version: await reading, begunAt, floor });
    return kind;
  }

  async get() {
    const { caches, now } = this.#parts;
    const key = anyOf(HOT_KEYS);
    const [begunAt, floor] = [now(), this.#highest.get(key) ?? -1];
    const version = await caches.hot.get(key);
    if (version !== undefined) this.#note(key, { version, begunAt, floor });
    return undefined;
  }

  async cold(dueAt) {
    const { caches, origin, name } = this.#parts;
    await caches.cold.getOrSet(`${name} ${dueAt}`, () => origin.read("cold"));
    return "cold";
  }

  async old() {
    const { caches, origin } = this.#parts;
    const key = anyOf(OLD_KEYS);
    await caches.old.getOrSet(key, () => origin.read(key));
    return "stale";
  }

  /** Anybody deletes any key of these: two who do it at once cannot leave an old value behind. */
  async delete() {
    const { caches } = this.#parts;
    await this.#change(anyOf(HOT_KEYS.filter((_, at) => at % 4 !== 0)), (key) => caches.hot.delete(key));
    return "write";
  }

  /** One node sets a key, one change after the other: nobody could say which of two values at once is the newer one. */
  async set() {
    const { caches, ownKeys } = this.#parts;
    const key = anyOf(HOT_KEYS.filter((_, at) => at % 4 === 0 && ownKeys(at / 4)));
    if (this.#writing.has(key)) return undefined;
    this.#writing.add(key);
    try {
      await this.#change(key, (_, version) => caches.hot.set(key, version));
    } finally {
      this.#writing.delete(key);
    }
    return "write";
  }

  async #change(key, act) {
    const { origin, now } = this.#parts;
    const version = await origin.write(key);
    await act(key, version);
    this.#untaken.push({ key, version, resolvedAt: now() });
    if (this.#parts.owed() === 0) this.tellObserver("now");
  }

  #note(key, { version, begunAt, floor }) {
    if (version < floor) this.#counts.wentBack.push({ key, version, floor, at: begunAt });
    if (version > (this.#highest.get(key) ?? -1)) this.#highest.set(key, version);
    const seen = this.#seen.get(key) ?? new Map();
    this.#seen.set(key, seen);
    if (begunAt > (seen.get(version) ?? 0)) seen.set(version, begunAt);
  }
}

function emptyCounts() {
  return { calls: 0, failed: new Map(), wentBack: [] };
}

function emptySlice() {
  return { hit: new Map(), miss: new Map(), cold: new Map(), stale: new Map(), write: new Map() };
}

function count(slice, kind, ms) {
  const bucket = bucketOf(ms);
  slice[kind].set(bucket, (slice[kind].get(bucket) ?? 0) + 1);
}

function pickOf(mix) {
  let dice = Math.random() * 1_000;
  return Object.keys(mix).find((verb) => (dice -= mix[verb]) < 0) ?? Object.keys(mix)[0];
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}
