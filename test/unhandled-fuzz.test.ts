import { runInNewContext } from "node:vm";
import { type Cache, type CacheStore, createCache, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, test, vi } from "vitest";
import { seededRandom } from "../packages/testkit/src/seeded.js";
import { complaintsDuring } from "./support/complaints.js";

const CALLS = process.env["GRANARY_FULL"] === "1" ? 100_000 : 4_000;
/** Calls of one cache, before it is closed and another one is made. */
const CALLS_A_CACHE = 100;
const foreign: unknown = runInNewContext("new TypeError('of another realm')");

type Random = () => number;
type Act = () => unknown;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** All the ways in which a function of the user can go wrong, and a few in which it does not. */
function wayward(random: Random, value: unknown): Act {
  const fail = (error: unknown): never => {
    throw error;
  };
  const angry = new Proxy({}, { get: (_, name) => (name === "then" ? () => fail(foreign) : undefined) });
  const twice = (resolve: (given: unknown) => void, reject: (error: unknown) => void): void => {
    reject(foreign);
    resolve(value);
    throw foreign;
  };
  const lying = new Proxy({}, { get: (_, name) => (name === "then" ? twice : undefined) });
  return pick<Act>(random, [
    () => value,
    async () => value,
    () => nextTurn().then(() => value),
    () => fail(new Error("down")),
    () => fail(foreign),
    () => fail(undefined),
    () => fail("text"),
    () => Promise.reject(new Error("down")),
    () => nextTurn().then(() => fail(foreign)),
    () => Promise.reject(undefined),
    () => angry,
    () => lying,
  ]);
}

/** A store that goes wrong in a third of its calls. */
function waywardStore(random: Random): CacheStore {
  const kept = memoryStore({ maxEntries: 50 });
  const maybe = (act: Act): never => {
    const fails = random() < 0.3;
    return (fails ? wayward(random, undefined)() : nextTurn().then(act)) as never;
  };
  return {
    name: "wayward",
    get: (key) => maybe(() => kept.get(key)),
    set: (key, entry) => maybe(() => kept.set(key, entry)),
    delete: (key) => maybe(() => kept.delete(key)),
  };
}

function storeOf(random: Random): CacheStore {
  const far = waywardStore(random);
  const near = memoryStore({ maxEntries: 20 });
  return pick(random, [near, far, tiered({ l1: near, l2: far })]);
}

const EVENTS = ["hit", "miss", "load", "loadError", "set", "delete", "fallback", "clear", "error"] as const;

function waywardCache(random: Random): Cache<unknown> {
  const policy = { staleWhileRevalidate: 1_000, staleIfError: 1_000, retryAfter: 0, ttl: pick(random, [0, 1, 1_000]) };
  const onStoreError = pick(random, ["ignore", "throw"] as const);
  const cache = createCache<unknown>({ store: storeOf(random), onStoreError, ...policy });
  for (const name of EVENTS) if (random() < 0.5) cache.on(name, (() => wayward(random, undefined)()) as () => void);
  return cache;
}

/** One call, with whatever may go wrong in it. */
function callOf(cache: Cache<unknown>, random: Random): () => Promise<unknown> {
  const id = pick(random, [1, "1", "a", "b", "c", 2]);
  const ids = Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(random, [1, "1", "a", "b", "c", 2, "d"]));
  const controller = new AbortController();
  const isLeaving = random() < 0.3;
  if (isLeaving && random() < 0.3) controller.abort(foreign);
  else if (isLeaving) void nextTurn().then(() => controller.abort(new Error("left")));
  const options = isLeaving ? { signal: controller.signal } : {};
  const loader = wayward(random, { n: random() });
  const items = pick<unknown>(random, [
    ids.map((one) => pick<unknown>(random, [one, foreign, undefined])),
    new Map(),
    7,
  ]);
  const loadMany = wayward(random, items) as () => [];
  const onProgress = wayward(random, undefined) as () => void;
  return pick<() => Promise<unknown>>(random, [
    () => cache.get(id),
    () => cache.getOrSet(id, loader, options),
    () => cache.getOrSet(id, loader, { ...options, softTimeout: 1, refreshAhead: 0.1 }),
    () => cache.getOrSetMany(ids, loadMany, options),
    () => cache.getOrSetMany(ids, loadMany, { ...options, refreshAhead: 0.1 }),
    () => warmUp(cache, ids, { loadMany, batchSize: 2, onProgress }),
    () => cache.getMany(ids),
    () => cache.set(id, random()),
    () => cache.setMany(ids.map((one) => [one, random()] as const)),
    () => cache.delete(id),
    () => cache.deleteMany(ids),
    () => cache.expire(id),
    () => cache.invalidateTags("t"),
    () => cache.invalidatePattern("*", { onProgress }),
    () => cache.namespace("child").getOrSet(id, loader, options),
    () => cache.clear(),
    () => cache.has(id),
    () => cache.entry(id),
  ]);
}

/** Calls `CALLS_A_CACHE` times, a few at once; closes the cache in the middle of the last ones. */
async function oneCache(random: Random): Promise<number> {
  const cache = waywardCache(random);
  let calls = 0;
  const pending: Promise<unknown>[] = [];
  while (calls < CALLS_A_CACHE) {
    calls += 1;
    pending.push(callOf(cache, random)().catch(() => undefined));
    if (random() < 0.2) await nextTurn();
  }
  const closed = cache.close().catch(() => undefined);
  await Promise.all([...pending, closed]);
  return calls;
}

test("C44: no call, listener or batch becomes an unhandled rejection or a warning, whatever fails", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const random = seededRandom(44);
  let calls = 0;
  const complaints = await complaintsDuring(async () => {
    while (calls < CALLS) calls += await oneCache(random);
  });
  warn.mockRestore();
  expect(complaints).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(CALLS);
}, 600_000);

test("C44: a listener whose rejection nobody takes is seen", async () => {
  const random = seededRandom(44);
  const complaints = await complaintsDuring(async () => {
    const cache = waywardCache(random);
    cache.on("miss", () => void Promise.reject(foreign));
    for (let at = 0; at < 20; at += 1) await callOf(cache, random)().catch(() => undefined);
    await cache.get("absent").catch(() => undefined);
  });
  expect(complaints).toContain(foreign);
});
