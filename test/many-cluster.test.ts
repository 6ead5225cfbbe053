import { type Cache, createCache, type Id } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { type ManualClock, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type RedisCluster, startCluster } from "../packages/redis/test/support/cluster.js";
import { eventually } from "./support/eventually.js";
import { ownName } from "./support/redis-client.js";
import { type RedisServer, startRedis } from "./support/redis-server.js";

let server: RedisServer;
let cluster: RedisCluster;
let admins: Redis[];

beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startCluster()]);
  const masters = cluster.masters.map(({ port }) => port);
  admins = [server.port, ...masters].map((port) => new Redis(port, "127.0.0.1"));
}, 90_000);
afterAll(async () => {
  for (const admin of admins) admin.disconnect();
  await Promise.all([server.stop(), cluster.stop()]);
});
beforeEach(async () => {
  await Promise.all(admins.map((admin) => admin.flushall()));
});

interface Place {
  readonly connect: (keyPrefix: string) => Redis | Cluster;
  /** The servers that hold its keys; not their replicas. */
  readonly servers: () => readonly Redis[];
}

const ONE_SERVER: Place = {
  connect: (keyPrefix) => new Redis(server.url, { keyPrefix }),
  servers: () => admins.slice(0, 1),
};
const CLUSTER: Place = {
  connect: (keyPrefix) => new Cluster([{ host: "127.0.0.1", port: cluster.masters[0]?.port ?? 0 }], { keyPrefix }),
  servers: () => admins.slice(1),
};

interface Node {
  readonly cache: Cache<unknown>;
  readonly client: Redis | Cluster;
}

interface NodeOptions {
  readonly keyPrefix?: string;
  /** Default: that of the server. */
  readonly clock?: ManualClock;
  readonly channel?: string;
}

function openNode(place: Place, { keyPrefix = "", clock, channel }: NodeOptions = {}): Node {
  const client = place.connect(keyPrefix);
  const time = clock === undefined ? {} : { clock };
  const l2 = redisStore({ client, ...time });
  const bus = channel === undefined ? {} : { bus: redisBus({ client, channel }) };
  const cache = createCache<unknown>({
    store: tiered({ l1: memoryStore(time), l2, l2Timeout: "1m", ...bus }),
    namespace: "mine",
    ...time,
  });
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  return { cache, client };
}

async function keysIn({ servers }: Place): Promise<string[]> {
  return (await Promise.all(servers().map((each) => each.keys("*")))).flat().sort();
}

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `user:${at}`);
const pairsOf = (count: number) => idsOf(count).map((id, at) => [id, at] as const);

/** Keys that look almost as if they were of the namespace, or are what a careless pattern would match. */
function neighbours(keyPrefix: string): string[] {
  const near = ["granary:v1:mine", "granary:v1:mine2:user:1", "granary:v2:mine:user:1", "granary:v1:mine/child:user:1"];
  const spread = Array.from({ length: 40 }, (_, at) => `other:${at}:granary:v1:mine:user:${at}`);
  const outside =
    keyPrefix === ""
      ? []
      : ["granary:v1:mine:user:1", "xgranary:v1:mine:user:2", `x${keyPrefix}granary:v1:mine:user:3`];
  return [...outside, ...[...near, ...spread, "user:1", "GRANARY:v1:mine:user:1"].map((key) => keyPrefix + key)];
}

describe.each([
  ["one server", ONE_SERVER],
  ["a cluster", CLUSTER],
] as const)("on %s", (_, place) => {
  describe.each(["", "app:", "a*[b]?:"])("with the keyPrefix %j", (keyPrefix) => {
    test("clear() and invalidatePattern() touch nothing outside their namespace", async () => {
      const { cache } = openNode(place, { keyPrefix, clock: manualClock() });
      const plain = forThisTest(place.connect(""));
      const others = neighbours(keyPrefix).sort();
      await Promise.all(others.map((key) => plain.set(key, "mine")));
      await cache.setMany(pairsOf(200));
      const base = `${keyPrefix}granary:v1:mine:`;
      expect((await keysIn(place)).filter((key) => key.startsWith(base))).toHaveLength(200);

      expect(await cache.invalidatePattern("user:?")).toBe(10);
      expect(await cache.invalidatePattern("user:1*")).toBe(110);
      expect([...(await cache.getMany(idsOf(200))).keys()]).toEqual(
        idsOf(200).filter((id) => !/^user:(\d|1\d+)$/.test(id)),
      );
      expect(await cache.invalidatePattern("*")).toBe(80);
      const record = `${keyPrefix}granary:generation:{granary:v1:mine}`;
      expect((await keysIn(place)).filter((key) => key !== record)).toEqual(others);

      await cache.setMany(pairsOf(50));
      expect(await cache.clear()).toBe(true);
      expect(await cache.getMany(idsOf(50))).toEqual(new Map());
      const left = await keysIn(place);
      expect(left.filter((key) => others.includes(key))).toEqual(others);
      expect(await Promise.all(others.map((key) => plain.get(key)))).toEqual(others.map(() => "mine"));
      // All that clear() writes is the record of the namespace.
      const added = left.filter((key) => !others.includes(key) && !key.startsWith(base));
      expect(added).toEqual([record]);
    });
  });

  test("a namespace keeps what its siblings, and its children, invalidate by pattern", async () => {
    const { cache } = openNode(place);
    const child = cache.namespace("child");
    await Promise.all([cache.setMany(pairsOf(50)), child.setMany(pairsOf(50))]);
    expect(await child.invalidatePattern("*")).toBe(50);
    expect((await cache.getMany(idsOf(50))).size).toBe(50);
    await child.setMany(pairsOf(50));
    expect(await cache.invalidatePattern("*")).toBe(50);
    expect((await child.getMany(idsOf(50))).size).toBe(50);
  });

  test("a batch is loaded under leases, by one call, and each id once for two nodes that ask at once", async () => {
    const nodes = [openNode(place), openNode(place)];
    const loaded = new Map<Id, number>();
    let calls = 0;
    const loadMany = async (ids: readonly Id[]) => {
      calls += 1;
      for (const id of ids) loaded.set(id, (loaded.get(id) ?? 0) + 1);
      return ids.map((id) => `of ${id}`);
    };
    const [first] = await Promise.all(nodes.map(({ cache }) => cache.getOrSetMany(idsOf(100), loadMany)));
    const others = await Promise.all(nodes.map(({ cache }) => cache.getMany(idsOf(100))));
    expect([...(first ?? [])]).toEqual(idsOf(100).map((id) => [id, `of ${id}`]));
    expect(others).toEqual([first, first]);
    expect([...loaded.values()]).toEqual(Array(100).fill(1));
    expect(calls).toBeLessThanOrEqual(2);
    // Whoever got a lease and found the value there gives it back behind.
    await eventually(
      () => keysIn(place),
      // And the record of the namespace.
      (keys) => keys.length === 101,
    );
  });

  test("batches go through every slot, and a change of one is told to the other node", async () => {
    const [clock, channel] = [manualClock(), ownName()];
    const [one, other] = [openNode(place, { clock, channel }), openNode(place, { clock, channel })];
    await heardFrom(one, other);
    expect(await one.cache.setMany(pairsOf(1_500))).toBe(true);
    expect([...(await other.cache.getMany(idsOf(1_500))).values()]).toEqual(pairsOf(1_500).map(([, at]) => at));
    const held = await Promise.all(place.servers().map((each) => each.dbsize()));
    expect(held.every((keys) => keys > 300)).toBe(true);
    expect(await one.cache.deleteMany(idsOf(500))).toBe(500);
    const dropped = await eventually(
      () => other.cache.getMany(idsOf(1_500)),
      (found) => found.size === 1_000,
    );
    expect([...dropped.keys()]).toEqual(idsOf(1_500).slice(500));
  });

  test("what one node invalidates by pattern, the L1 of the other drops", async () => {
    const [clock, channel] = [manualClock(), ownName()];
    const [one, other] = [openNode(place, { clock, channel }), openNode(place, { clock, channel })];
    await heardFrom(one, other);
    await one.cache.setMany(pairsOf(100));
    const nearHits = () => other.cache.stats().tiers["memory"] ?? 0;
    const readOfMemory = async (): Promise<number> => {
      const before = nearHits();
      await other.cache.getMany(idsOf(100));
      return nearHits() - before;
    };
    await eventually(readOfMemory, (hits) => hits === 100);
    expect(await one.cache.invalidatePattern("user:?")).toBe(10);
    const left = await eventually(
      () => other.cache.getMany(idsOf(100)),
      (found) => found.size === 90,
    );
    expect([...left.keys()]).toEqual(idsOf(100).slice(10));
  });
});

function forThisTest<Client extends Redis | Cluster>(client: Client): Client {
  onTestFinished(() => client.disconnect());
  return client;
}

/** Resolves once each node hears what the other changes: a bus subscribes behind. */
async function heardFrom(one: Node, other: Node): Promise<void> {
  let round = 0;
  for (const [teller, listener] of [[one, other] as const, [other, one] as const]) {
    await eventually(
      async () => {
        round += 1;
        await teller.cache.set("greeting", round);
        const before = await listener.cache.get("greeting");
        await teller.cache.set("greeting", -round);
        await new Promise((resolve) => setImmediate(resolve));
        return [before, await listener.cache.get("greeting")];
      },
      ([before, after]) => before === round && after === -round,
    );
  }
  await one.cache.delete("greeting");
}
