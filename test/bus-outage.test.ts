import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type RedisClient, redisBus, redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { type LostTime, lostTime } from "./support/lost-time.js";
import { ownRedis } from "./support/own-redis.js";
import { type Proxy, proxyTo } from "./support/proxy.js";
import { ownName } from "./support/redis-client.js";

const redis = ownRedis();

/** What a copy may be old at the most, with room for Redis; what the machine took from this process comes on top. */
const LONGEST_AGE_MS = 2_050 + 1_500;

/** How long a node hears nothing: long enough to be found out twice. */
const SILENT_MS = process.env["GRANARY_FULL"] === undefined ? 4_500 : 6_000;

interface Fleet {
  /** The node whose bus goes another way than its data. */
  readonly cut: Cache<number>;
  readonly proxy: Proxy;
  readonly other: Cache<number>;
  readonly errors: string[];
}

const buses = {
  redisBus: (client: RedisClient, channel: string) => redisBus({ client, channel }),
  redisTracking: (client: RedisClient) => redisTracking({ client }),
};

describe.each(["redisBus", "redisTracking"] as const)("a node on %s", (kind) => {
  const openFleet = async (): Promise<Fleet> => {
    const [keyPrefix, channel, errors] = [`${ownName()}:`, ownName(), new Array<string>()];
    const proxy = await proxyTo(redis.server.port);
    onTestFinished(() => proxy.close());
    const open = (port: number): Cache<number> => {
      const [data, news] = [redis.server.port, port].map((at) => new Redis(at, { keyPrefix }));
      const store = tiered({ l1: memoryStore(), l2: redisStore({ client: data! }), bus: buses[kind](news!, channel) });
      const cache = createCache<number>({ store, ttl: "1h" });
      cache.on("error", ({ operation }) => errors.push(operation));
      onTestFinished(async () => {
        await cache.close();
        for (const client of [data!, news!]) client.disconnect();
      });
      return cache;
    };
    const [cut, other] = [open(proxy.port), open(redis.server.port)];
    await other.set("k", 0);
    await hears(cut, other);
    return { cut, other, proxy, errors };
  };

  /** Resolves once a change by `other` reaches a copy that `cut` holds near. */
  async function hears(cut: Cache<number>, other: Cache<number>): Promise<void> {
    for (let version = 1; version <= 5; version += 1) {
      await heldNear(cut);
      await other.set("k", version);
      await until(async () => (await cut.get("k")) === version);
    }
  }

  test("C19: whose connection dies without a word is 2 s behind at the most", async () => {
    const { cut, other, proxy, errors } = await openFleet();
    await heldNear(cut);
    proxy.swallow();
    await other.set("k", 100);
    const [changedAt, lost] = [performance.now(), measuredLoss()];
    const wasStale = (await cut.get("k")) !== 100;
    await until(async () => (await cut.get("k")) === 100);
    const behindMs = performance.now() - changedAt;
    console.info(`${kind}: ${behindMs.toFixed(0)} ms behind`);
    expect(wasStale).toBe(true);
    expect(behindMs).toBeLessThan(LONGEST_AGE_MS + lost.ms);
    // And is up to date again.
    await hears(cut, other);
    expect(errors).toEqual(["bus"]);
  });

  test("C20: that hears nothing for a while is never more than 2 s behind", async () => {
    const { cut, other, proxy } = await openFleet();
    await heldNear(cut);
    proxy.close();
    const [cutAt, lost] = [performance.now(), measuredLoss()];
    /** When each version was there. */
    const writtenAt: number[] = [];
    const readOnce = async (newest: number): Promise<number> => {
      const begunAt = performance.now();
      const seen = (await cut.get("k")) ?? newest;
      await new Promise((resolve) => setImmediate(resolve));
      return seen === newest ? 0 : begunAt - (writtenAt[seen + 1] ?? cutAt);
    };
    let [oldestMs, version] = [0, 100];
    while (performance.now() - cutAt < SILENT_MS) {
      await other.set("k", (version += 1));
      writtenAt[version] = performance.now();
      for (let reads = 0; reads < 20; reads += 1) oldestMs = Math.max(oldestMs, await readOnce(version));
    }
    console.info(`${kind}: ${version - 100} versions, the oldest read ${oldestMs.toFixed(0)} ms behind`);
    // It has been behind, so that there is something to see.
    expect(oldestMs).toBeGreaterThan(500);
    expect(oldestMs).toBeLessThan(LONGEST_AGE_MS + lost.ms);
  });

  test("C18: that was cut off for a moment asks L2 for whatever it held before", async () => {
    const { cut, other } = await openFleet();
    await heldNear(cut);
    // Whoever reconnects first: in between nothing is heard.
    const writing = other.set("k", 100);
    await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await writing;
    await until(async () => (await cut.get("k")) === 100);
    await hears(cut, other);
  });
});

test("C24: a node that is started without Redis serves at once, and joins when Redis appears", async () => {
  // Nobody listens there yet.
  const proxy = await proxyTo(redis.server.port);
  proxy.close();
  const client = new Redis(proxy.port, { keyPrefix: `${ownName()}:`, enableOfflineQueue: false });
  client.on("error", () => undefined);
  const bus = redisBus({ client, channel: ownName() });
  const cache = createCache<number>({ store: tiered({ l1: memoryStore(), l2: redisStore({ client }), bus }) });
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  const errors: string[] = [];
  cache.on("error", ({ operation }) => errors.push(operation));
  // The first one waits for the bus to listen, and no other one does.
  const [times, lost] = [new Array<number>(), measuredLoss()];
  for (let id = 0; id < 20; id += 1) {
    const begunAt = performance.now();
    expect(await cache.getOrSet(id, () => id)).toBe(id);
    times.push(performance.now() - begunAt);
  }
  const [median] = times.sort((one, other) => one - other).slice(10);
  expect(median).toBeLessThan(200 + lost.ms);
  await until(async () => errors.includes("connection") && errors.includes("bus"));
  const late = await proxyTo(redis.server.port, proxy.port);
  onTestFinished(() => late.close());
  let asked = 0;
  await until(async () => {
    await cache.getOrSet(`joined ${(asked += 1)}`, () => asked);
    return (await redis.admin.keys("*joined*")).length > 0;
  });
});

/** Resolves once a read of "k" is answered from memory. */
async function heldNear(cache: Cache<number>): Promise<void> {
  const hits = (): number => cache.stats().tiers["memory"] ?? 0;
  await until(async () => {
    const before = hits();
    await cache.get("k");
    return hits() > before;
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  await eventually(holds, (isSo) => isSo);
}

/** The time that the machine takes from this process until the test ends. */
function measuredLoss(): LostTime {
  const lost = lostTime();
  onTestFinished(() => lost.stop());
  return lost;
}
