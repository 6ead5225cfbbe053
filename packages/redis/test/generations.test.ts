import { redisStore } from "@granary/redis";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { ownRedis } from "../../../test/support/own-redis.js";
import { recordKey, tagsKey } from "../src/generation-keys.js";
import { recordIn } from "../src/generation-record.js";
import { declared, forThisTest, ownPrefix } from "./support/clients.js";
import { entryOf, eventsOf } from "./support/entries.js";

const own = ownRedis();

const SCOPE = "granary:v1:ns";
const CHILD = `${SCOPE}/child`;
const KEY = `${SCOPE}:k`;
const [RECORD, TAGS] = [recordKey(SCOPE), tagsKey(SCOPE)];
const DAY_MS = 86_400_000;

function open() {
  const client = forThisTest(new Redis(own.server.url, { keyPrefix: ownPrefix() }));
  const storeOn = () => {
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    const [invalidate, leases] = [declared(store.invalidate), declared(store.leases)];
    const tagged = (tags: readonly string[], key = KEY) => store.set(key, { ...entryOf("value"), tags });
    const valueOf = async (key = KEY): Promise<unknown> => (await store.get(key))?.value;
    return { store, invalidate, leases, tagged, valueOf };
  };
  const recordOf = async (scope = SCOPE) => recordIn((await client.get(recordKey(scope))) ?? "none");
  return { client, storeOn, recordOf, ...storeOn() };
}

describe("a record", () => {
  test("is made by the first write and by the first load, one a level, and told with the lease", async () => {
    const { client, store, leases, recordOf } = open();
    expect(await store.get(KEY)).toBeUndefined();
    expect(await client.exists(RECORD)).toBe(0);
    const answer = await leases.acquire(`${CHILD}:k`, "token");
    const [parent, child] = [await recordOf(), await recordOf(CHILD)];
    expect(answer).toMatchObject({
      generations: `${parent.epoch}.${parent.sequence},${child.epoch}.${child.sequence}`,
    });
    expect(child.epoch).not.toBe(parent.epoch);
    await store.set("granary:v1:other:k", entryOf(1));
    expect(await recordOf("granary:v1:other")).toMatchObject({ cleared: 0, tagged: 0 });
  });

  test("begins at the time of the server in microseconds, and rises also where that is behind it", async () => {
    const { client, store, invalidate, recordOf } = open();
    const before = Number((await client.time())[0]) * 1e6;
    await store.set(KEY, entryOf(1));
    expect((await recordOf()).sequence).toBeGreaterThanOrEqual(before);
    const ahead = before + 3_600_000_000;
    await client.set(RECORD, `e ${ahead} 0 0`);
    expect(await invalidate({ scope: SCOPE })).toEqual({ epoch: "e", sequence: ahead + 1 });
    expect(await recordOf()).toEqual({ epoch: "e", sequence: ahead + 1, cleared: ahead + 1, tagged: 0 });
  });

  test.each([
    ["deleted", (client: Redis) => client.del(RECORD)],
    ["junk", (client: Redis) => client.set(RECORD, "junk")],
    ["of a foreign epoch", (client: Redis) => client.set(RECORD, "E_e 1 0 0")],
    ["beyond what can be counted", (client: Redis) => client.set(RECORD, `e ${"9".repeat(17)} 0 0`)],
    ["cleared beyond its sequence", (client: Redis) => client.set(RECORD, "e 1 2 0")],
    ["a list", (client: Redis) => client.del(RECORD).then(() => client.lpush(RECORD, "1"))],
  ])("that is %s hides its entries, and heals with the next write, load or invalidation", async (_how, spoil) => {
    const { client, store, storeOn, invalidate, leases, valueOf, recordOf } = open();
    const heals = [
      () => store.set(`${SCOPE}:other`, entryOf(1)),
      () => leases.acquire(`${SCOPE}:other`, "token"),
      () => invalidate({ scope: SCOPE }),
      () => invalidate({ scope: SCOPE, tags: ["t"] }),
    ];
    for (const heal of heals) {
      await store.set(KEY, entryOf("value"));
      expect(await valueOf()).toBe("value");
      const { epoch } = await recordOf();
      await spoil(client);
      expect(await valueOf()).toBeUndefined();
      await heal();
      expect((await recordOf()).epoch).not.toBe(epoch);
      expect(await valueOf()).toBeUndefined();
      await store.set(KEY, entryOf("again"));
      expect(await storeOn().valueOf()).toBe("again");
    }
  });

  test.each([
    ["nothing", async () => {}],
    ["a clear of another node", ({ invalidate }: ReturnType<typeof open>) => invalidate({ scope: SCOPE })],
    ["a tag of another node", ({ invalidate }: ReturnType<typeof open>) => invalidate({ scope: SCOPE, tags: ["t"] })],
    ["a flush", ({ client }: ReturnType<typeof open>) => client.flushdb()],
    ["an eviction", ({ client }: ReturnType<typeof open>) => client.del(RECORD)],
  ])("that was changed by %s is that of this moment, for one value and for several of one turn", async (_, change) => {
    const opened = open();
    const { storeOn } = opened;
    const { store, tagged, valueOf } = storeOn();
    await tagged(["t"]);
    for (const keys of [[KEY], [KEY, `${SCOPE}:other`, `${CHILD}:k`, `${CHILD}:other`, `${SCOPE}:last`]]) {
      await change(opened);
      await Promise.all(keys.map((key) => tagged(["t"], key)));
      for (const key of keys) expect([await storeOn().valueOf(key), await valueOf(key)]).toEqual(["value", "value"]);
      await change(opened);
      await store.many?.set(keys.map((key) => [key, entryOf("many")]));
      for (const key of keys) expect([await storeOn().valueOf(key), await valueOf(key)]).toEqual(["many", "many"]);
    }
  });

  test("that cannot be read is told of", async () => {
    const { client, store } = open();
    await store.set(KEY, entryOf(1));
    await client.set(RECORD, "junk");
    const events = eventsOf(store);
    await store.get(KEY);
    expect(events).toMatchObject([{ type: "error", operation: "get", key: RECORD, error: { code: "UNREADABLE" } }]);
  });

  test("outlives the entries that carry it, however long they live", async () => {
    const { client, store, leases } = open();
    await store.set(KEY, entryOf(1));
    expect(await client.pttl(RECORD)).toBeGreaterThan(29 * DAY_MS);
    await client.pexpire(RECORD, 1_000);
    await redisStore({ client }).set(KEY, entryOf(1));
    expect(await client.pttl(RECORD)).toBeGreaterThan(29 * DAY_MS);
    await store.set(KEY, entryOf(1, 100 * DAY_MS));
    expect(await client.pttl(RECORD)).toBeGreaterThan(199 * DAY_MS);
    const carried = (await store.generations?.(KEY)) as string;
    await store.set(KEY, entryOf(1, 250 * DAY_MS), { generations: carried });
    expect(await client.pttl(RECORD)).toBeGreaterThan(499 * DAY_MS);
    const answer = await leases.acquire(KEY, "token");
    const generations = answer.type === "granted" ? answer.generations : undefined;
    await leases.fill(KEY, entryOf(1, Number.POSITIVE_INFINITY), { token: "token", generations });
    expect(await client.pttl(RECORD)).toBe(-1);
  });

  test("keeps its life through invalidations, and the tags live as long from then on", async () => {
    const { client, store, invalidate } = open();
    await store.set(KEY, entryOf(1, 100 * DAY_MS));
    await invalidate({ scope: SCOPE, tags: ["t"] });
    for (const key of [RECORD, TAGS]) expect(await client.pttl(key)).toBeGreaterThan(199 * DAY_MS);
    await store.set(KEY, entryOf(1, Number.POSITIVE_INFINITY));
    await invalidate({ scope: SCOPE, tags: ["t"] });
    for (const key of [RECORD, TAGS]) expect(await client.pttl(key)).toBe(-1);
    await invalidate({ scope: SCOPE });
    expect(await client.exists(TAGS)).toBe(0);
    expect(await client.pttl(RECORD)).toBe(-1);
  });
});

describe("the sequences of tags", () => {
  test("are asked for once for many entries that were written before, and anew after each invalidation", async () => {
    const { client, store, invalidate, tagged, storeOn } = open();
    await tagged(["a", "b"]);
    await tagged(["b"], `${SCOPE}:b`);
    await invalidate({ scope: SCOPE, tags: ["x"] });
    const asked = async (read: () => Promise<unknown>): Promise<number> => {
      await client.config("RESETSTAT");
      await read();
      return Number(/cmdstat_zscore:calls=(\d+)/.exec(await client.info("commandstats"))?.[1] ?? 0);
    };
    const both = async () => declared(store.many).get([KEY, `${SCOPE}:b`]);
    expect(await asked(both)).toBeGreaterThan(0);
    expect(await asked(both)).toBe(0);
    await invalidate({ scope: SCOPE, tags: ["b"] });
    expect(await asked(async () => expect(await both()).toEqual([undefined, undefined]))).toBeGreaterThan(0);
    expect(await storeOn().valueOf()).toBeUndefined();
  });

  test("that are lost hide what was written before the last invalidation of a tag, and nothing since", async () => {
    const { client, invalidate, tagged, storeOn } = open();
    await tagged(["a"]);
    await invalidate({ scope: SCOPE, tags: ["x"] });
    await tagged(["a"], `${SCOPE}:since`);
    for (const lose of [() => client.del(TAGS), () => client.del(TAGS).then(() => client.set(TAGS, "junk"))]) {
      await lose();
      const { valueOf } = storeOn();
      expect([await valueOf(), await valueOf(`${SCOPE}:since`)]).toEqual([undefined, "value"]);
    }
    await invalidate({ scope: SCOPE, tags: ["y"] });
    const { valueOf } = storeOn();
    expect([await valueOf(), await valueOf(`${SCOPE}:since`)]).toEqual([undefined, "value"]);
  });

  test("are bounded: beyond, those that were invalidated first hide what is older", async () => {
    const { client, invalidate, tagged, storeOn } = open();
    await tagged(["a"]);
    await invalidate({ scope: SCOPE, tags: ["first"] });
    await tagged(["a"], `${SCOPE}:since`);
    for (let at = 0; at < 2; at += 1) {
      await invalidate({ scope: SCOPE, tags: Array.from({ length: 50_001 }, (_, n) => `${at} ${n}`) });
    }
    expect(await client.zcard(TAGS)).toBeLessThanOrEqual(100_001);
    const { valueOf } = storeOn();
    expect([await valueOf(), await valueOf(`${SCOPE}:since`)]).toEqual([undefined, undefined]);
    await tagged(["a"]);
    expect(await valueOf()).toBe("value");
  });

  test("of thousands of tags go with other changes of one turn", async () => {
    const { store, invalidate, tagged, valueOf } = open();
    await tagged(["8999"]);
    const tags = Array.from({ length: 9_000 }, (_, n) => String(n));
    await Promise.all([invalidate({ scope: SCOPE, tags }), store.set(`${SCOPE}:other`, entryOf(1))]);
    expect([await valueOf(), await valueOf(`${SCOPE}:other`)]).toEqual([undefined, 1]);
  });

  test("are read anew where a failover took the last ones back and the clock of the server is behind", async () => {
    const { client, store, invalidate, tagged, valueOf } = open();
    await tagged(["a"]);
    const [record, sequence] = [await client.get(RECORD), Number((await client.get(RECORD))?.split(" ")[1])];
    await invalidate({ scope: SCOPE, tags: ["x"] });
    expect(await valueOf()).toBe("value");
    // As on a replica that had neither, which then invalidated the tag at a lesser sequence than the one that was lost.
    const epoch = record?.split(" ")[0];
    await client.del(TAGS);
    await client.zadd(TAGS, 0, `e${epoch}`, sequence + 1, "ta");
    await client.set(RECORD, `${epoch} ${sequence + 1} 0 ${sequence + 1}`);
    expect(await store.get(KEY)).toBeUndefined();
  });
});

test("a lease that has no end is none of ours, and is given anew", async () => {
  const { client, store, leases } = open();
  await leases.acquire(KEY, "dead");
  const [name] = (await client.keys(`${client.options.keyPrefix}*`)).filter((key) => key.includes(":lease:"));
  const bare = forThisTest(new Redis(own.server.url));
  await bare.persist(declared(name));
  const answer = await leases.acquire(KEY, "token");
  const generations = answer.type === "granted" ? answer.generations : undefined;
  expect(await leases.fill(KEY, entryOf("loaded"), { token: "token", generations })).toBe(true);
  expect(await store.get(KEY)).toMatchObject({ value: "loaded" });
});
