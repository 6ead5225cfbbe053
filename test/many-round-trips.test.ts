import { type Cache, createCache, type Id } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type CountingProxy, countingProxy } from "./support/many-proxy.js";
import { type RedisServer, startRedis } from "./support/redis-server.js";

let server: RedisServer;
let proxy: CountingProxy;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  proxy = await countingProxy(server.port);
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await proxy.stop();
  await server.stop();
});
beforeEach(async () => {
  await admin.flushall();
});

function client(port: number): Redis {
  const opened = new Redis(port, "127.0.0.1");
  onTestFinished(() => opened.disconnect());
  return opened;
}

/** A node with an L1 of its own. What it asks of Redis is counted, and what it says on its bus is not. */
async function openNode({ withBus = "no" as "no" | "yes", maxEntries = 20_000 } = {}): Promise<Cache<string>> {
  const l2 = redisStore({ client: client(proxy.port) });
  const bus = withBus === "yes" ? { bus: redisBus({ client: client(server.port) }) } : {};
  const cache = createCache<string>({
    store: tiered({ l1: memoryStore({ maxEntries }), l2, l2Timeout: "1m", ...bus }),
    ttl: "1h",
    hardTimeout: "1h",
  });
  onTestFinished(() => cache.close());
  // The first call connects, asks for the time and brings the script along.
  await cache.getOrSet("warm", () => "up");
  return cache;
}

const valueOf = (id: Id): string => `value of ${id}`;
const idsOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `id:${from + at}`);
const pairsOf = (ids: readonly string[]) => ids.map((id) => [id, valueOf(id)] as const);

/** 100 ids: of the first 60 the node has a copy, of the next 25 Redis has the value, of the rest nobody. */
async function mixedIds(): Promise<{ cache: Cache<string>; ids: string[] }> {
  const [cache, other] = [await openNode(), await openNode()];
  await cache.setMany(pairsOf(idsOf(0, 60)));
  await other.setMany(pairsOf(idsOf(60, 85)));
  return { cache, ids: idsOf(0, 100) };
}

interface Cost {
  readonly roundTrips: number;
  /** Commands that clients sent, and those that scripts ran, by name. */
  readonly commands: Readonly<Record<string, number>>;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  await admin.config("RESETSTAT");
  const before = proxy.roundTrips();
  await work();
  const roundTrips = proxy.roundTrips() - before;
  const lines = (await admin.info("commandstats")).matchAll(/cmdstat_(\S+?):calls=(\d+)/g);
  const commands = Object.fromEntries([...lines].map(([, name, calls]) => [name, Number(calls)]));
  return { roundTrips, commands };
}

describe("100 ids, of which 60 are in L1, 25 in Redis and 15 nowhere, cost", () => {
  test("getOrSetMany one MGET, one call of the loader, and a command for the leases and one for the fills", async () => {
    const { cache, ids } = await mixedIds();
    const asked: Id[][] = [];
    let values = new Map<Id, string>();
    const { roundTrips, commands } = await costOf(async () => {
      values = await cache.getOrSetMany(ids, async (missing) => {
        asked.push([...missing]);
        return missing.map(valueOf);
      });
    });
    expect([...values]).toEqual(pairsOf(ids));
    expect(asked).toEqual([idsOf(85, 100)]);
    expect(commands).toMatchObject({ mget: 1, evalsha: 2, publish: 15 });
    expect(roundTrips).toBe(3);
    expect(cache.stats()).toMatchObject({ loads: 16, tiers: { memory: 60, redis: 25 } });
    const again = await costOf(() => cache.getOrSetMany(ids, () => expect.fail("all are in L1")));
    expect(again.roundTrips).toBe(0);
  });

  test("getOrSetMany without leases the read and one write, which brings all values", async () => {
    const { cache, ids } = await mixedIds();
    const load = async (missing: readonly Id[]) => missing.map(valueOf);
    const { roundTrips, commands } = await costOf(() => cache.getOrSetMany(ids, load, { lease: false }));
    expect(commands).toMatchObject({ mget: 1, evalsha: 1, set: 15 });
    expect(roundTrips).toBe(2);
    expect(await (await openNode()).getMany(idsOf(85, 100))).toEqual(new Map(pairsOf(idsOf(85, 100))));
  });

  test("getMany one MGET of what is not in L1, and then nothing", async () => {
    const { cache, ids } = await mixedIds();
    let values = new Map<Id, string>();
    const cost = await costOf(async () => {
      values = await cache.getMany(ids);
    });
    expect([...values]).toEqual(pairsOf(ids.slice(0, 85)));
    expect(cost).toMatchObject({ roundTrips: 1, commands: { mget: 1 } });
    expect(cost.commands).not.toHaveProperty("get");
    expect(await costOf(() => cache.getMany(ids.slice(0, 85)))).toMatchObject({ roundTrips: 0 });
  });

  test("setMany one command, also where some values are not to be stored and remove the old ones", async () => {
    const { cache, ids } = await mixedIds();
    expect(await costOf(() => cache.setMany(pairsOf(ids)))).toMatchObject({
      roundTrips: 1,
      commands: { evalsha: 1, set: 100 },
    });
    const pairs = ids.map((id, at) => [id, at < 50 ? (undefined as never) : "new"] as const);
    expect(await costOf(() => cache.setMany(pairs))).toMatchObject({
      roundTrips: 1,
      commands: { evalsha: 1, unlink: 50 },
    });
    expect([...(await (await openNode()).getMany(ids)).keys()]).toEqual(ids.slice(50));
  });

  test("deleteMany one command, also where somebody listens to every delete", async () => {
    const { cache, ids } = await mixedIds();
    let deleted = 0;
    const remove = async (): Promise<void> => {
      deleted = await cache.deleteMany(ids);
    };
    expect(await costOf(remove)).toMatchObject({ roundTrips: 1, commands: { evalsha: 1 } });
    expect(deleted).toBe(85);
    expect(await admin.keys("granary:v1:default:id:*")).toEqual([]);
    await cache.setMany(pairsOf(ids));
    const told: boolean[] = [];
    cache.on("delete", ({ existed }) => told.push(existed));
    expect(await costOf(remove)).toMatchObject({ roundTrips: 1, commands: { evalsha: 1 } });
    expect([deleted, told.length, told.every((existed) => existed)]).toEqual([100, 100, true]);
  });

  test("entries() one MGET for each step of the walk", async () => {
    const [cache, other] = [await openNode(), await openNode()];
    await cache.setMany(pairsOf(idsOf(0, 100)));
    const seen: unknown[] = [];
    const { commands } = await costOf(async () => {
      for await (const {
        entry: { value },
      } of other.entries())
        seen.push(value);
    });
    expect(new Set(seen)).toEqual(new Set(["up", ...idsOf(0, 100).map(valueOf)]));
    expect(commands["mget"]).toBeLessThanOrEqual(commands["scan"] ?? 0);
    expect(commands).not.toHaveProperty("get");
  });

  test("a change of all one message on the bus, and a fill none", async () => {
    const cache = await openNode({ withBus: "yes" });
    const ids = idsOf(0, 100);
    const set = await costOf(() => cache.setMany(pairsOf(ids)));
    const removed = await costOf(() => cache.deleteMany(ids));
    expect([set.commands["publish"], removed.commands["publish"]]).toEqual([1, 1]);
    const load = async (missing: readonly Id[]) => missing.map(valueOf);
    const filled = await costOf(() => cache.getOrSetMany(ids, load, { lease: false }));
    expect(filled.commands).not.toHaveProperty("publish");
  });
});

test("the counter of round trips sees each of three that follow each other, and one of three at once", async () => {
  const cache = await openNode();
  const get = (id: string) => cache.get(id);
  expect(await costOf(async () => [await get("a"), await get("b"), await get("c")])).toMatchObject({ roundTrips: 3 });
  expect(await costOf(() => Promise.all(["a", "b", "c"].map(get)))).toMatchObject({ roundTrips: 1 });
});

describe("10,000 ids", () => {
  const ids = idsOf(0, 10_000);

  test("are loaded by one call, and read, set and deleted in commands of at most 500 keys", async () => {
    const cache = await openNode();
    const asked: number[] = [];
    const loaded = await cache.getOrSetMany(ids, async (missing) => {
      asked.push(missing.length);
      return missing.map(valueOf);
    });
    expect([loaded.size, asked]).toEqual([10_000, [10_000]]);
    // On a slow machine their leases run out before all of them are written.
    expect(await cache.setMany(pairsOf(ids))).toBe(true);
    const other = await openNode();
    let found = new Map<Id, string>();
    const read = await costOf(async () => {
      found = await other.getMany(ids);
    });
    // 10,000 keys and the record of the namespace: the last command has a single key.
    expect(read.commands).toMatchObject({ mget: 20, get: 1 });
    expect([...found]).toEqual(pairsOf(ids));
    const removed = await costOf(() => other.deleteMany(ids));
    expect(removed.commands).toMatchObject({ evalsha: 20 });
    expect(await admin.dbsize()).toBeLessThan(10);
  });

  test("leave no lease behind, and in an L1 that is too small for them what it can hold", async () => {
    const cache = await openNode({ maxEntries: 100 });
    const load = async (missing: readonly Id[]) => missing.map(valueOf);
    for (let round = 0; round < 5; round += 1) {
      expect((await cache.getOrSetMany(idsOf(round * 1_000, round * 1_000 + 1_000), load)).size).toBe(1_000);
    }
    expect(await admin.keys("granary:lease:*")).toEqual([]);
    // And the record of the namespace.
    expect(await admin.dbsize()).toBe(5_002);
    expect(cache.stats()).toMatchObject({ loads: 5_001, errors: 0 });
  });
});
