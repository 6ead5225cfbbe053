import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begunBus } from "./support/begun-bus.js";
import { ownRedis } from "./support/own-redis.js";
import { ownName } from "./support/redis-client.js";

const IDS = Array.from({ length: 10_000 }, (_, number) => `id ${number}`);
// A server of its own: its commands are counted.
const redis = ownRedis();
let client: Redis;
let cache: Cache<number>;

beforeEach(async () => {
  client = new Redis(redis.server.url, { keyPrefix: `${ownName()}:` });
  const { bus, begun } = begunBus(redisBus({ client, channel: ownName() }));
  cache = createCache({
    // No test may depend on how fast the machine is.
    store: tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus }),
    ttl: "1h",
    tags: ["red"],
  });
  await begun;
  await setAll(0);
});
afterEach(async () => {
  await cache.close();
  client.disconnect();
});

describe("a tag on 10 000 entries", () => {
  test("is invalidated by one step in Redis and one message", async () => {
    expect(await held()).toBe(IDS.length);
    const commands = await counted(() => cache.invalidateTags("red"));
    checkCost(commands);
    expect(await held()).toBe(0);
  });

  test("by deletes is found to cost more", async () => {
    const commands = await counted(() => Promise.all(IDS.map((id) => cache.delete(id))));
    expect(() => checkCost(commands)).toThrow(/expected/);
  });

  async function held(): Promise<number> {
    const values = await Promise.all(IDS.map((id) => cache.get(id)));
    return values.filter((value) => value !== undefined).length;
  }

  /** What the step itself does in Redis: reads the clock and the record, and writes that and the sequence of the tag. */
  function checkCost(commands: Commands): void {
    // The store asks for the time now and then as well.
    const record = { get: 1, pttl: 1, del: 2, set: 1 };
    const tags = { zscore: 1, zadd: 2, zcard: 1, pexpire: 1 };
    expect({ ...commands, time: 1 }).toEqual({ evalsha: 1, time: 1, ...record, ...tags, publish: 1 });
  }
});

describe("hits in memory", () => {
  test("of entries with tags cost no command in Redis, also after their tag was invalidated", async () => {
    await cache.invalidateTags("red");
    await setAll(1);
    const commands = await counted(async () => {
      for (const [number, id] of IDS.entries()) expect(await cache.get(id)).toBe(number + 1);
    });
    expect(commands).toEqual({});
    expect(cache.stats().tiers).toEqual({ memory: IDS.length });
  });

  test("that are none are found out", async () => {
    const alone = createCache<number>({ store: redisStore({ client }) });
    const commands = await counted(() => alone.get("id 1"));
    expect(commands).not.toEqual({});
    await alone.close();
  });
});

type Commands = Readonly<Record<string, number>>;

/** The commands that Redis ran during `act`, those of scripts included. */
/** A few at a time, so that every write and its message is over when this is. */
async function setAll(plus: number): Promise<void> {
  for (let from = 0; from < IDS.length; from += 200) {
    await Promise.all(IDS.slice(from, from + 200).map((id, at) => cache.set(id, from + at + plus)));
  }
}

async function counted(act: () => Promise<unknown>): Promise<Commands> {
  // Answered in order: what was sent before has been counted.
  await client.ping();
  await redis.admin.config("RESETSTAT");
  await act();
  await client.ping();
  const lines = (await redis.admin.info("commandstats")).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  const counts = [...lines].map(([, name = "", calls]): [string, number] => [name, Number(calls)]);
  return Object.fromEntries(counts.filter(([name]) => !["config|resetstat", "ping", "info"].includes(name)));
}
