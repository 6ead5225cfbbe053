import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Cache, createCache, type Duration } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { ownRedis } from "./support/own-redis.js";
import { ended, newPlace, type RedisPlace, ready, spawnRedis } from "./support/redis-server.js";

/* The lines of the list of faults that are about what is valid, and about what an outage leaves, on a real Redis. */

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const redis = ownRedis();
const RECORD = "granary:generation:{granary:v1:shop}";

interface NodeOptions {
  readonly port?: number;
  /** Default: one, so that nodes hear each other. */
  readonly hasBus?: boolean;
  /** Default: so long that no slow machine reaches it. */
  readonly l2Timeout?: Duration;
}

const FAILING = { l2Timeout: "500ms" } as const;

/** A node of its own: a client, a memory and a bus that no other one has. */
function node({ port = redis.server.port, hasBus = true, l2Timeout = "1m" }: NodeOptions = {}): {
  readonly cache: Cache<string>;
  readonly client: Redis;
} {
  const client = new Redis(port);
  const bus = hasBus ? { bus: redisBus({ client }) } : {};
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout, ...bus });
  const cache = createCache<string>({ store, namespace: "shop", ttl: "1h", jitter: false });
  cache.on("error", () => undefined);
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  return { cache, client };
}

const owedBy = (cache: Cache<string>): number | undefined => cache.stats().stores["redis"]?.owed;
const nothingOwed = (cache: Cache<string>): Promise<unknown> =>
  eventually(
    async () => owedBy(cache),
    (owed) => owed === 0,
  );

/** Keeps the event loop from turning. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("invalidation always wins", () => {
  test("FIELD 1: a process that was busy while it connected dates nothing ahead of a clear by one that has heard nothing", async () => {
    await redis.admin.flushall();
    const busy = node({ hasBus: false });
    const first = busy.cache.namespace("a").set("warm", "up");
    hold(300);
    await first;
    expect(await busy.cache.getOrSet("k", () => "old")).toBe("old");
    expect(await node({ hasBus: false }).cache.clear()).toBe(true);
    expect(await node().cache.get("k")).toBeUndefined();
  });

  test("FIELD 2: a clear by a new process counts where the clock of the server was an hour ahead before", async () => {
    await redis.admin.flushall();
    const { cache } = node({ hasBus: false });
    await cache.set("cleared", "old");
    await cache.set("tagged", "old", { tags: ["t"] });
    // As the server has left it: its time in microseconds, an hour ago by the clock of then.
    const [epoch, sequence = ""] = ((await redis.admin.get(RECORD)) ?? "").split(" ");
    const ahead = BigInt(sequence) + 3_600_000_000n;
    await redis.admin.set(RECORD, `${epoch} ${ahead} 0 0`);
    await node().cache.set("of then", "new");
    expect(await node().cache.invalidateTags("t")).toBe(true);
    expect(await node().cache.get("tagged")).toBeUndefined();
    expect(await node().cache.get("of then")).toBe("new");
    expect(await node().cache.clear()).toBe(true);
    const reader = node().cache;
    expect([await reader.get("cleared"), await reader.get("of then")]).toEqual([undefined, undefined]);
  });

  test.each(["allkeys-random", "allkeys-lru", "volatile-lru"])(
    "FIELD 3: a server that evicts by %s gives out nothing that was invalidated",
    async (policy) => {
      const place = await newPlace();
      const server = spawnRedis(place, ["--maxmemory", "3mb", "--maxmemory-policy", policy]);
      onTestFinished(() => ended(server));
      await ready(server);
      const [writer, reader] = [node({ port: place.port, hasBus: false }), node({ port: place.port, hasBus: false })];
      const large = "x".repeat(2_000);
      let evicted = 0;
      for (let round = 0; round < 4; round += 1) {
        const ids = Array.from({ length: 600 }, (_, at) => `${round}:${at}`);
        await writer.cache.setMany(
          ids.map((id) => [id, large] as const),
          { tags: ["t"] },
        );
        await (round % 2 === 0 ? writer.cache.clear() : writer.cache.invalidateTags("t"));
        expect((await reader.cache.getMany(ids)).size).toBe(0);
        expect((await writer.cache.getMany(ids)).size).toBe(0);
        const [, count = "0"] = /evicted_keys:(\d+)/.exec(await writer.client.info("stats")) ?? [];
        evicted = Number(count);
      }
      expect(evicted).toBeGreaterThan(100);
    },
  );

  test("FIELD 4: a message that is made up has no effect on what it does not name, nor for longer than once", async () => {
    await redis.admin.flushall();
    const { cache } = node();
    await cache.set("k", "value");
    const message = { type: "invalidated", scope: "granary:v1:shop", epoch: "made", sequence: 2 ** 53 - 1 };
    let loads = 0;
    const load = (): string => `load ${(loads += 1)}`;
    await redis.admin.publish("granary:bus", JSON.stringify({ v: 2, from: "nobody", ...message }));
    for (let reads = 0; reads < 5; reads += 1) await node().cache.getOrSet("another", load);
    expect(loads).toBe(1);
    expect(await cache.get("k")).toBe("value");
  });
});

describe("nothing old is written over something new", () => {
  test("FIELD 5: what was set before the server could be reached is not written when it can be", async () => {
    await redis.admin.flushall();
    const proxy = await tcpProxy({ target: { port: redis.server.port } });
    onTestFinished(() => proxy.close());
    proxy.refuse();
    const [cut, sound] = [node({ port: proxy.port, ...FAILING }), node()];
    expect(await cut.cache.set("k", "old")).toBe(false);
    expect(await sound.cache.set("k", "new")).toBe(true);
    await proxy.mend();
    await eventually(
      async () => cut.client.status,
      (status) => status === "ready",
    );
    await nothingOwed(cut.cache);
    for (const { cache } of [cut, sound, node()]) expect(["new", undefined]).toContain(await cache.get("k"));
  });

  test("FIELD 6: what a failover has taken back its node deletes and invalidates again", async () => {
    const place = await newPlace();
    const first = await started(place);
    const [writer, reader] = [node({ port: place.port, ...FAILING }), node({ port: place.port, ...FAILING })];
    await writer.cache.set("deleted", "old");
    await writer.cache.set("tagged", "old", { tags: ["t"] });
    // What a replica has that does not hear of what comes next.
    await writer.client.save();
    expect(await writer.cache.delete("deleted")).toBe(true);
    expect(await writer.cache.invalidateTags("t")).toBe(true);
    expect(await reader.cache.get("tagged")).toBeUndefined();
    await ended(first);
    await started(place);
    await eventually(
      async () => reader.client.exists("granary:v1:shop:deleted"),
      (count) => count === 0,
    );
    await nothingOwed(writer.cache);
    for (const { cache } of [writer, node({ port: place.port })])
      expect([await cache.get("deleted"), await cache.get("tagged")]).toEqual([undefined, undefined]);
  });

  test("FIELD 7: a cache that is closed right after a hiccup has its deletion made", async () => {
    await redis.admin.flushall();
    const proxy = await tcpProxy({ target: { port: redis.server.port } });
    onTestFinished(() => proxy.close());
    const [cut, other] = [node({ port: proxy.port, hasBus: false, ...FAILING }), node({ hasBus: false })];
    await cut.cache.set("k", "old");
    proxy.blackHole();
    expect(await cut.cache.delete("k")).toBe(false);
    await proxy.mend();
    await cut.cache.close();
    expect(await other.cache.get("k")).toBeUndefined();
  });
});

describe("a refusal concerns what was refused", () => {
  test("FIELD 8: a server that is full invalidates and deletes, and its breaker stays closed", async () => {
    const place = await newPlace();
    const server = spawnRedis(place, ["--maxmemory-policy", "noeviction"]);
    onTestFinished(() => ended(server));
    await ready(server);
    const { cache, client } = node({ port: place.port });
    await cache.set("tagged", "old", { tags: ["t"] });
    await cache.set("deleted", "old");
    await client.config("SET", "maxmemory", "1mb");
    expect(await cache.set("no room", "x".repeat(100))).toBe(false);
    expect([await cache.invalidateTags("t"), await cache.delete("deleted"), await cache.clear()]).toEqual([
      true,
      true,
      true,
    ]);
    expect(cache.stats().stores["redis"]?.state).toBe("closed");
    await client.config("SET", "maxmemory", "0");
    await nothingOwed(cache);
    expect(await node({ port: place.port }).cache.get("tagged")).toBeUndefined();
  });

  test("FIELD 9: a value that is too large for the server is refused once, and others are read as before", async () => {
    const place = await newPlace();
    const server = spawnRedis(place, ["--proto-max-bulk-len", "1mb"]);
    onTestFinished(() => ended(server));
    await ready(server);
    const { cache } = node({ port: place.port });
    await cache.set("small", "value");
    expect(await cache.set("large", "x".repeat(3_000_000))).toBe(false);
    await nothingOwed(cache);
    const reader = node({ port: place.port }).cache;
    for (let reads = 0; reads < 20; reads += 1) expect(await reader.get("small")).toBe("value");
    expect(await reader.get("large")).toBeUndefined();
  });

  test("FIELD 10: of 5,000 sets in an outage names alone are kept", async () => {
    const place = await newPlace();
    const server = await started(place);
    const { cache } = node({ port: place.port, ...FAILING });
    await cache.set("before", "value");
    server.kill("SIGSTOP");
    onTestFinished(() => void server.kill("SIGCONT"));
    const value = "x".repeat(100_000);
    const before = heldBytes();
    const sets = await Promise.all(Array.from({ length: 5_000 }, (_, id) => cache.set(String(id), value)));
    expect(sets.some(Boolean)).toBe(false);
    expect(owedBy(cache)).toBeGreaterThan(4_000);
    // Entries near hold one value between them; what was sent, or waits to be, would be 500 MB.
    expect(heldBytes() - before).toBeLessThan(10_000_000);
  });
});

async function started(place: RedisPlace): Promise<ReturnType<typeof spawnRedis>> {
  const server = spawnRedis(place, []);
  onTestFinished(() => ended(server));
  await ready(server);
  return server;
}

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
