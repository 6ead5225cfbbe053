import { type CacheStore, createCache, type ManyCapability } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { type ManualClock, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import fc from "fast-check";
import type { Redis } from "ioredis";
import { Keyv } from "keyv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIFE, ManyModel } from "./support/many-model.js";
import { type Operation, operations, type Pair, perform } from "./support/many-operations.js";
import { redisClient } from "./support/redis-client.js";

const RUNS = 150 * Number(process.env["GRANARY_RUNS"] ?? 1);
const SEED = 20_261_122;

let client: Redis;
let runs = 0;

beforeAll(() => {
  client = redisClient();
});
afterAll(() => client.disconnect());

const STORES: Readonly<Record<string, (clock: ManualClock) => CacheStore>> = {
  memory: (clock) => memoryStore({ clock }),
  redis: (clock) => redisStore({ client, clock }),
  "a Keyv over a Map": (clock) => keyvStore(new Keyv({ store: new Map(), useKeyPrefix: false }), { clock }),
  "memory over Redis": (clock) =>
    tiered({ l1: memoryStore({ clock }), l2: redisStore({ client, clock }), l2Timeout: "1m" }),
};

const HEARD = ["hit", "miss", "load", "loadError", "fallback", "set", "expire", "delete"] as const;

interface Performed {
  readonly operations: number;
  readonly events: number;
}

async function hold(store: CacheStore, clock: ManualClock, history: readonly Operation[]): Promise<Performed> {
  runs += 1;
  const { ttlMs: ttl, staleIfErrorMs: staleIfError, retryAfterMs: retryAfter } = LIFE;
  const policy = { ttl, staleIfError, retryAfter, jitter: false } as const;
  const cache = createCache<unknown>({ store, clock, namespace: `run-${runs}`, ...policy });
  const heard: string[] = [];
  for (const name of HEARD) cache.on(name, ({ key }) => heard.push(`${name} ${idOf(key)}`));
  const errors: unknown[] = [];
  cache.on("error", ({ error }) => errors.push(error));
  const pair: Pair = { cache, clock, model: new ManyModel(clock.now()), loaded: [] };
  const counted: string[] = [];
  for (const operation of history) {
    // What runs behind a call, such as giving a lease back, is over before time passes for it.
    await nextTurn();
    await client.ping();
    await perform(pair, operation);
    expect(pair.loaded.toSorted()).toEqual(pair.model.loaded.toSorted());
    expect(heard.splice(0).toSorted()).toEqual(pair.model.events.toSorted());
    counted.push(...pair.model.events.splice(0));
    pair.loaded.length = 0;
    pair.model.loaded.length = 0;
  }
  expect(errors).toEqual([]);
  expect(cache.stats()).toMatchObject(statsOf(counted));
  await cache.close();
  return { operations: history.length, events: counted.length };
}

/** An id as it was given: some characters are escaped in a key. */
function idOf(key: string): string {
  return decodeURIComponent(key.slice(`granary:v1:run-${runs}:`.length));
}

function statsOf(events: readonly string[]): Record<string, number> {
  const count = (name: string): number => events.filter((event) => event.startsWith(`${name} `)).length;
  const [hits, misses, loadFailures] = [count("hit"), count("miss"), count("loadError")];
  const [sets, deletes, loads] = [count("set"), count("delete"), count("load") + loadFailures];
  return { gets: hits + misses, hits, misses, loads, loadFailures, sets, deletes, errors: 0 };
}

function property(open: (clock: ManualClock) => CacheStore, seen: Performed[]) {
  return fc.asyncProperty(operations, async (history) => {
    const clock = manualClock();
    seen.push(await hold(open(clock), clock, history));
  });
}

describe.each(Object.entries(STORES))("on %s", (_, open) => {
  test("single calls and batches in any mixture do what a simple map does", {
    timeout: 300_000 + RUNS * 100,
  }, async () => {
    const seen: Performed[] = [];
    await fc.assert(property(open, seen), { numRuns: RUNS, seed: SEED });
    expect(seen).toHaveLength(RUNS);
    expect(seen.reduce((total, { operations: done }) => total + done, 0)).toBeGreaterThan(RUNS * 4);
    expect(seen.reduce((total, { events }) => total + events, 0)).toBeGreaterThan(RUNS * 10);
  });
});

describe("a store with a planted bug is found out:", () => {
  const BUGS: Readonly<Record<string, (many: ManyCapability) => Partial<ManyCapability>>> = {
    "the last of many writes is dropped": (many) => ({ set: (entries) => many.set(entries.slice(0, -1)) }),
    "many reads come in the wrong order": (many) => ({
      get: async (keys) => [...(await many.get(keys))].reverse(),
    }),
    "the last of many deletes is forgotten": (many) => ({ delete: (keys) => many.delete(keys.slice(0, -1)) }),
    "many deletes say of every key that it was there": (many) => ({
      delete: async (keys) => (await many.delete(keys)).map(() => true),
    }),
  };

  test.each(Object.entries(BUGS))("%s", async (_, plant) => {
    const open = (clock: ManualClock): CacheStore => {
      const store: CacheStore = memoryStore({ clock });
      const many = store.many;
      if (many === undefined) throw new Error("The memory store takes many.");
      return { ...store, many: { ...many, ...plant(many) } };
    };
    const seen: Performed[] = [];
    const found = await fc.check(property(open, seen), { numRuns: RUNS, seed: SEED, endOnFailure: true });
    expect(found.failed).toBe(true);
  });
});
