import { type Cache, type CacheStore, createCache, guarded, PendingAttempt } from "@granary/core";
import { redisStore } from "@granary/redis";
import { nextTurn } from "@granary/testkit";
import { type TcpProxy, tcpProxy } from "@granary/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.js";
import { ownRedis } from "../../../test/support/own-redis.js";
import { startRedis } from "../../../test/support/redis-server.js";
import { declared, forThisTest, LIBRARIES } from "./support/clients.js";
import { entryOf } from "./support/entries.js";

const own = ownRedis();

/** How long a node waits for a Redis that it cannot reach, in milliseconds. */
const TIMEOUT_MS = 100;

const KEY = "granary:v1:default:k";

/** A node whose way to Redis a test may hold, and the store of another one, whose way is sound. */
interface Held {
  readonly proxy: TcpProxy;
  readonly client: { readonly status: string };
  readonly store: CacheStore;
  readonly cache: Cache<string>;
  readonly other: CacheStore;
  /** Lets pass what is held. Resolves when Redis has done all of it, and what was sent behind it. */
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
      await proxy.mend();
      // Behind the first one comes what has to be sent again.
      for (let pings = 0; pings < 2; pings += 1) await client.ping();
    };
    return { proxy, client, store, cache, other, passLate };
  }

  const valueIn = async ({ other }: Held): Promise<unknown> => (await other.get(KEY))?.value;

  test("writes what is in time", async () => {
    const held = await open(10_000);
    expect(await held.cache.set("k", "in time")).toBe(true);
    expect(await valueIn(held)).toBe("in time");
  });

  test("leaves nothing where another node has written since, and nobody reads the late value", async () => {
    const held = await open();
    held.proxy.blackHole();
    expect(await held.cache.set("k", "late")).toBe(false);
    await held.other.set(KEY, entryOf("newer"));
    await held.passLate();
    expect(await valueIn(held)).toBeUndefined();
  });

  test("leaves nothing of many either", async () => {
    const held = await open();
    await held.other.set("granary:v1:default:other", entryOf("old"));
    held.proxy.blackHole();
    const late = held.cache.setMany([
      ["k", "late"],
      ["other", "late"],
    ]);
    expect(await late).toBe(false);
    await held.passLate();
    expect(await held.other.many?.get([KEY, "granary:v1:default:other"])).toEqual([undefined, undefined]);
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

  test("leaves nothing at a server that has to be sent the script", async () => {
    const held = await open();
    held.proxy.blackHole();
    expect(await held.cache.set("k", "late")).toBe(false);
    await own.admin.script("FLUSH");
    await held.passLate();
    expect(await valueIn(held)).toBeUndefined();
  });

  test("sends nothing that it was asked for while it was not connected, but for deletions", async () => {
    const held = await open();
    held.proxy.refuse();
    held.proxy.reset();
    await closed(held);
    expect(await held.cache.set("k", "late")).toBe(false);
    expect(await held.cache.setMany([["k", "late"]])).toBe(false);
    await held.cache.delete("gone");
    await held.other.set(KEY, entryOf("newer"));
    await held.other.set("granary:v1:default:gone", entryOf("old"));
    await held.passLate();
    expect(await valueIn(held)).toBe("newer");
    expect(await held.other.get("granary:v1:default:gone")).toBeUndefined();
  });

  test.each([
    ["it has sent", (held: Held) => held.proxy.blackHole()],
    [
      "it could not send",
      (held: Held) => {
        held.proxy.refuse();
        held.proxy.reset();
        return closed(held);
      },
    ],
  ])("leaves no lease that nobody would use, of what %s", async (_what, cut) => {
    const held = await open();
    const leases = declared(held.store.leases);
    await cut(held);
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
    const answer = await declared(held.other.leases).acquire(KEY, "token");
    const generations = answer.type === "granted" ? answer.generations : undefined;
    held.proxy.blackHole();
    const fill = declared(held.store.leases).fill(KEY, entryOf("loaded"), { token: "token", generations });
    await expect(fill).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    if (written !== undefined) await held.other.set(KEY, entryOf(written));
    await held.passLate();
    expect(await valueIn(held)).toBe(value);
  });
});

test("a write that was given up is not sent by a client that has never been connected", async () => {
  const proxy = await tcpProxy({ target: { port: own.server.port } });
  onTestFinished(() => proxy.close());
  await own.admin.flushall();
  proxy.refuse();
  const client = forThisTest(new Redis(proxy.port, { retryStrategy: () => 20 }));
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  const attempt = new PendingAttempt();
  const written = store.set(KEY, entryOf("at boot"), { attempt });
  const many = declared(store.many).set([[`${KEY}2`, entryOf("at boot")]], { attempt });
  await nextTurn();
  attempt.giveUp();
  await expect(written).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  await expect(many).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
  await proxy.mend();
  await client.ping();
  await store.set(`${KEY}3`, entryOf("behind"));
  expect(await own.admin.keys(`${KEY}*`)).toEqual([`${KEY}3`]);
});

test("a write that was given up while a frozen server had it is gone when that goes on", async () => {
  const server = await startRedis();
  onTestFinished(server.stop);
  const [client, admin] = [new Redis(server.url), new Redis(server.url)].map(forThisTest) as [Redis, Redis];
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  await client.ping();
  await store.set(KEY, entryOf("before"));
  server.process.kill("SIGSTOP");
  const attempt = new PendingAttempt();
  const late = store.set(KEY, entryOf("late"), { attempt });
  await nextTurn();
  attempt.giveUp();
  await nextTurn();
  server.process.kill("SIGCONT");
  await late;
  await client.ping();
  expect(await admin.exists(KEY)).toBe(0);
});

test("a frozen server is sent no more than it may have to take: what waits for room and is given up is not sent", async () => {
  const server = await startRedis();
  onTestFinished(server.stop);
  const [client, admin] = [new Redis(server.url), new Redis(server.url)].map(forThisTest) as [Redis, Redis];
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  await store.set(KEY, entryOf("before"));
  await admin.config("RESETSTAT");
  server.process.kill("SIGSTOP");
  const attempt = new PendingAttempt();
  const value = "x".repeat(1_000_000);
  const sets = Promise.allSettled(
    Array.from({ length: 50 }, (_, at) => store.set(`${KEY}${at}`, entryOf(value), { attempt })),
  );
  await nextTurn();
  attempt.giveUp();
  await nextTurn();
  server.process.kill("SIGCONT");
  await sets;
  await client.ping();
  expect(await admin.keys("*default:k*")).toEqual([KEY]);
  const written = Number(/cmdstat_set:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1]);
  expect(written).toBeGreaterThan(0);
  // Each set that was sent is one, and so is each deletion of what is not there.
  expect(written).toBeLessThan(15);
});

/** Resolves once the client has noticed that its connection is gone. */
async function closed({ client }: Held): Promise<void> {
  await eventually(
    async () => client.status,
    (status) => status !== "ready",
  );
}
