import { type Cache, type CacheStore, createCache, guarded } from "@granary/core";
import { redisStore } from "@granary/redis";
import { nextTurn } from "@granary/testkit";
import { type TcpProxy, tcpProxy } from "@granary/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ownRedis } from "../../../test/support/own-redis.js";
import { pastLimit } from "../../../test/support/past-limit.js";
import { startRedis } from "../../../test/support/redis-server.js";
import { declared, forThisTest, LIBRARIES } from "./support/clients.js";
import { entryOf } from "./support/entries.js";

const own = ownRedis();

/** How long a node waits for a Redis that it cannot reach, in milliseconds. */
const TIMEOUT_MS = 100;

const DAY_MS = 86_400_000;

const KEY = "granary:v1:default:k";

/** A node whose way to Redis a test may hold, and the store of another one, whose way is sound. */
interface Held {
  readonly proxy: TcpProxy;
  readonly store: CacheStore;
  readonly cache: Cache<string>;
  readonly other: CacheStore;
  /** Lets pass what is held, once it is late by any clock. Resolves when Redis has done, or refused, all of it. */
  passLate(): Promise<void>;
}

describe.each(LIBRARIES)("a node on $library that has given up its calls", ({ connect }) => {
  async function open(timeout = TIMEOUT_MS): Promise<Held> {
    await own.admin.flushall();
    const proxy = await tcpProxy({ target: { port: own.server.port } });
    onTestFinished(() => proxy.close());
    const client = forThisTest(connect(`redis://127.0.0.1:${proxy.port}`));
    const far = redisStore({ client });
    const store = guarded(far, { timeout, breaker: false });
    const cache = createCache<string>({ store, jitter: false });
    cache.on("error", () => {});
    onTestFinished(() => cache.close());
    await client.ping();
    await far.ready?.();
    const other = redisStore({ client: forThisTest(connect(own.server.url)) });
    const passLate = async (): Promise<void> => {
      await pastLimit(far, TIMEOUT_MS);
      await proxy.mend();
      // Behind the first one comes what has to be sent again.
      for (let pings = 0; pings < 2; pings += 1) await client.ping();
    };
    return { proxy, store, cache, other, passLate };
  }

  const valueIn = async ({ other }: Held): Promise<unknown> => (await other.get(KEY))?.value;

  test("writes what is in time", async () => {
    const held = await open(10_000);
    expect(await held.cache.set("k", "in time")).toBe(true);
    expect(await valueIn(held)).toBe("in time");
  });

  test("does not write over what another node has written since", async () => {
    const held = await open();
    held.proxy.blackHole();
    expect(await held.cache.set("k", "late")).toBe(false);
    await held.other.set(KEY, entryOf("newer"));
    await held.passLate();
    expect(await valueIn(held)).toBe("newer");
  });

  test("does not write many over what another node has written since", async () => {
    const held = await open();
    held.proxy.blackHole();
    const late = held.cache.setMany([
      ["k", "late"],
      ["other", "late"],
    ]);
    expect(await late).toBe(false);
    await held.other.set(KEY, entryOf("newer"));
    await held.passLate();
    expect(await valueIn(held)).toBe("newer");
    expect(await held.other.get("granary:v1:default:other")).toBeUndefined();
  });

  test("does not bring back what another node has deleted since", async () => {
    const held = await open();
    await held.other.set(KEY, entryOf("old"));
    held.proxy.blackHole();
    expect(await held.cache.set("k", "late")).toBe(false);
    await held.other.delete(KEY);
    await held.passLate();
    expect(await valueIn(held)).toBeUndefined();
  });

  test("does not write late to a server that has to be sent the script", async () => {
    const held = await open();
    held.proxy.blackHole();
    expect(await held.cache.set("k", "late")).toBe(false);
    await held.other.set(KEY, entryOf("newer"));
    await own.admin.script("FLUSH");
    await held.passLate();
    expect(await valueIn(held)).toBe("newer");
  });

  test("does not write what its client has kept until it is connected again", async () => {
    const held = await open();
    held.proxy.refuse();
    held.proxy.reset();
    expect(await held.cache.set("k", "late")).toBe(false);
    await held.other.set(KEY, entryOf("newer"));
    await held.passLate();
    expect(await valueIn(held)).toBe("newer");
  });

  test("takes no lease that nobody would use", async () => {
    const held = await open();
    const leases = declared(held.store.leases);
    held.proxy.blackHole();
    await expect(leases.acquire(KEY, "late")).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    await held.passLate();
    expect(await declared(held.other.leases).acquire(KEY, "newer")).toMatchObject({ type: "granted" });
  });

  test("deletes however late it is: somebody has to load what may be too old", async () => {
    const held = await open();
    await held.other.set(KEY, entryOf("old"));
    held.proxy.blackHole();
    await held.cache.delete("k");
    await held.passLate();
    expect(await valueIn(held)).toBeUndefined();
  });

  test.each([
    ["while its lease stands", undefined, "loaded"],
    ["not once somebody has written", "newer", "newer"],
  ])("fills late %s", async (_when, written, value) => {
    const held = await open();
    await declared(held.other.leases).acquire(KEY, "token");
    held.proxy.blackHole();
    const fill = declared(held.store.leases).fill(KEY, entryOf("loaded"), { token: "token" });
    await expect(fill).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    if (written !== undefined) await held.other.set(KEY, entryOf(written));
    await held.passLate();
    expect(await valueIn(held)).toBe(value);
  });
});

test("a write that a frozen server comes to too late is not done", async () => {
  const server = await startRedis();
  onTestFinished(server.stop);
  const [client, admin] = [new Redis(server.url), new Redis(server.url)].map(forThisTest) as [Redis, Redis];
  const far = redisStore({ client });
  await client.ping();
  await far.ready?.();
  far.giveUpAfter?.(TIMEOUT_MS);
  await admin.ping();
  server.process.kill("SIGSTOP");
  const late = far.set(KEY, entryOf("late"));
  await nextTurn();
  await pastLimit(far, TIMEOUT_MS);
  server.process.kill("SIGCONT");
  await expect(late).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  expect(await admin.exists(KEY)).toBe(0);
});

test.each([
  ["one", 1, 1],
  ["a thousand", 1_000, 1],
  ["thousands", 2_001, 3],
])("%s at once may take as long as they are waited for", async (_many, count, times) => {
  const client = forThisTest(new Redis(own.server.url));
  const store = redisStore({ client });
  await store.ready?.();
  store.giveUpAfter?.(DAY_MS);
  const sent = vi.spyOn(client, "callBuffer");
  await store.many?.set(Array.from({ length: count }, (_, at) => [`${KEY}${at}`, entryOf(at)]));
  const untils = sent.mock.calls.map((words) => Number(words.at(-1)));
  expect(untils).toHaveLength(Math.ceil(count / 500));
  for (const until of untils) expect(Math.round((until - declared(store.clock).now()) / DAY_MS)).toBe(times);
});

describe("a node that does not know the clock of the server", () => {
  /** A store on a client to which the server tells a time that is `aheadMs` off. */
  const open = (aheadMs: number) => {
    const client = forThisTest(new Redis(own.server.url));
    const time = client.time.bind(client);
    client.time = async () => {
      const [seconds = 0, microseconds = 0] = await time();
      return [Number(seconds) + aheadMs / 1_000, Number(microseconds)];
    };
    const store = redisStore({ client });
    store.giveUpAfter?.(10_000);
    return store;
  };
  const callsOfScript = async (): Promise<string | undefined> =>
    /cmdstat_evalsha:calls=(\d+)/.exec(await own.admin.info("commandstats"))?.[1];

  test.each([
    ["is ahead", -3_600_000, "2"],
    ["is behind", 3_600_000, "1"],
  ])("writes what is in time to one that %s, one and many", async (_what, aheadMs, calls) => {
    const store = open(aheadMs);
    await store.ready?.();
    await store.set(KEY, entryOf("first", DAY_MS));
    await own.admin.config("RESETSTAT");
    await store.set(KEY, entryOf("second", DAY_MS));
    expect(await callsOfScript()).toBe(calls);
    await Promise.all([store.set(KEY, entryOf("third", DAY_MS)), store.set(`${KEY}2`, entryOf("other", DAY_MS))]);
    expect(await store.many?.get([KEY, `${KEY}2`])).toMatchObject([{ value: "third" }, { value: "other" }]);
    const lease = await declared(store.leases).acquire(KEY, "token");
    expect(lease).toMatchObject({ type: "granted", entry: { value: "third" } });
  });

  test("writes without a limit until it has been told it", async () => {
    const store = redisStore({ client: forThisTest(new Redis(own.server.url)) });
    store.giveUpAfter?.(0);
    await store.set(KEY, entryOf("value"));
    expect((await store.get(KEY))?.value).toBe("value");
  });
});
