import { type Cache, type CacheBus, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { type TcpProxy, tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { begunBus } from "./support/begun-bus.js";
import { eventually } from "./support/eventually.js";
import { ownName } from "./support/redis-client.js";

/** No read is to be a miss because the machine is slow. */
const l2Timeout = "1m";
const ROUNDS = process.env["GRANARY_FULL"] === undefined ? 5 : 50;

const server = new URL(inject("redisUrl"));
let wayOfTheBus: TcpProxy;
beforeAll(async () => {
  wayOfTheBus = await tcpProxy({ target: { port: Number(server.port) } });
});
afterAll(() => wayOfTheBus.close());

const buses = {
  redisBus: (client: Redis, fleet: string) => redisBus({ client, channel: fleet }),
  redisTracking: (client: Redis, fleet: string) => redisTracking({ client, prefix: fleet }),
} as const;

interface Node {
  readonly cache: Cache<number>;
  /** Resolves once its bus listens. */
  readonly begun: Promise<void>;
  close(): Promise<void>;
}

/** A node whose bus goes through the proxy, and whose reads and writes do not. */
function openNode(fleet: string, busOn: (client: Redis, fleet: string) => CacheBus): Node {
  const [client, ofTheBus] = [new Redis(server.href), new Redis(wayOfTheBus.port, "127.0.0.1", { lazyConnect: true })];
  const { bus, begun } = begunBus(busOn(ofTheBus, fleet));
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }), bus, l2Timeout });
  const cache = createCache<number>({ store, prefix: fleet, ttl: "1h" });
  cache.on("error", () => {});
  const close = async (): Promise<void> => {
    await cache.close();
    await bus.close?.();
    for (const each of [client, ofTheBus]) each.disconnect();
  };
  return { cache, begun, close };
}

/** Who writes, on a way without faults: each write is on Redis when it has resolved. */
function openWriter(fleet: string, busOn: (client: Redis, fleet: string) => CacheBus): Cache<number> {
  const client = new Redis(server.href);
  const bus = busOn(client, fleet);
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }), bus, l2Timeout });
  const cache = createCache<number>({ store, prefix: fleet, ttl: "1h" });
  onTestFinished(async () => {
    await cache.close();
    await bus.close?.();
    client.disconnect();
  });
  return cache;
}

/** `a` writes and `b` reads until the bus of `b` listens. How often. */
async function readUntilBegun(a: Cache<number>, b: Node, versions: { latest: number }): Promise<number> {
  let state: "waiting" | "listening" = "waiting";
  void b.begun.then(() => (state = "listening"));
  for (let looked = 0; ; looked += 1) {
    versions.latest += 1;
    await a.set("k", versions.latest);
    // A change that is told while it listens may come a moment later.
    if ((state as string) === "listening") return looked;
    expect(await b.cache.get("k")).toBe(versions.latest);
  }
}

describe.each(Object.entries(buses))("FIELD 47: C18: a node whose %s begins to listen late", (_name, busOn) => {
  test("gives what another node has set meanwhile, before that and after it", async () => {
    const fleet = ownName();
    const a = openWriter(fleet, busOn);
    await a.set("k", 1);
    wayOfTheBus.blackHole();
    onTestFinished(() => wayOfTheBus.mend());
    const b = openNode(fleet, busOn);
    onTestFinished(() => b.close());
    expect(await b.cache.get("k")).toBe(1);
    await a.set("k", 2);
    expect(await b.cache.get("k")).toBe(2);
    await a.set("k", 3);
    await wayOfTheBus.mend();
    await b.begun;
    expect(await b.cache.get("k")).toBe(3);
    await a.set("k", 4);
    expect(
      await eventually(
        () => b.cache.get("k"),
        (seen) => seen === 4,
      ),
    ).toBe(4);
    await a.delete("k");
    expect(
      await eventually(
        () => b.cache.get("k"),
        (seen) => seen === undefined,
      ),
    ).toBeUndefined();
  });

  test("never gives less than was set before it was asked, however late that is, and left and joined anew", async () => {
    const fleet = ownName();
    const a = openWriter(fleet, busOn);
    const versions = { latest: 0 };
    onTestFinished(() => wayOfTheBus.mend());
    let looked = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      wayOfTheBus.latency(round * 3);
      const b = openNode(fleet, busOn);
      looked += await readUntilBegun(a, b, versions);
      const { latest } = versions;
      expect(
        await eventually(
          () => b.cache.get("k"),
          (seen) => seen === latest,
        ),
      ).toBe(latest);
      await b.close();
      await wayOfTheBus.mend();
    }
    expect(looked).toBeGreaterThanOrEqual(ROUNDS);
  });
});
