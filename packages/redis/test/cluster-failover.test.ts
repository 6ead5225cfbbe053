import { redisStore } from "@granary/redis";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { slotOf } from "../src/slot.js";
import { declared, forThisTest } from "./support/clients.js";
import { type RedisCluster, startCluster } from "./support/cluster.js";
import { entryOf, eventsOf, walked } from "./support/entries.js";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodeTimeoutMs: 1_500 });
}, 90_000);
afterAll(() => cluster.stop());

test("a batch goes through every slot again once a replica has taken over from its master", {
  timeout: 120_000,
}, async () => {
  const [master, ...others] = cluster.masters;
  const client = forThisTest(new Cluster(others.map(({ port }) => ({ host: "127.0.0.1", port }))));
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  const many = declared(store.many);
  const keys = Array.from({ length: 200 }, (_, at) => `k:${at}`);
  const { firstSlot, lastSlot, replicaPort } = declared(master);
  const moved = keys.filter((key) => slotOf(key) >= firstSlot && slotOf(key) <= lastSlot);
  await many.set(keys.map((key) => [key, entryOf("before")]));

  await declared(master).kill();
  await declared(master).replaced();

  // The client learns of it by an error, or when it asks for the slots the next time.
  const afterwards = keys.map((key, at) => [key, entryOf(at)] as const);
  await vi.waitFor(async () => many.set(afterwards), { timeout: 60_000, interval: 20 });
  expect((await many.get(keys)).map((entry) => entry?.value)).toEqual([...keys.keys()]);
  const heir = declared(client.nodes("master").find(({ options }) => options.port === replicaPort));
  expect(moved.length).toBeGreaterThan(20);
  expect((await heir.keys("k:*")).sort()).toEqual(moved.sort());
  expect(await walked(store, "k:*")).toEqual(keys.sort());
  expect(await many.delete(keys)).toEqual(keys.map(() => true));
});

test("a master and its replica that change places, so that no node joins or leaves, are a failover", {
  timeout: 120_000,
}, async () => {
  const { port, replicaPort } = declared(cluster.masters[2]);
  const client = forThisTest(new Cluster([{ host: "127.0.0.1", port: declared(cluster.masters[1]).port }]));
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  await store.set("k", entryOf(1));
  const events = eventsOf(store);
  const masterPorts = () => client.nodes("master").map(({ options }) => options.port);
  const refreshed = () => new Promise((resolve) => client.refreshSlotsCache(resolve));
  await refreshed();
  expect([masterPorts().includes(port), masterPorts().includes(declared(replicaPort))]).toEqual([true, false]);
  expect(events).toEqual([]);
  const heir = forThisTest(new Redis({ host: "127.0.0.1", port: declared(replicaPort) }));
  expect(await heir.call("CLUSTER", "FAILOVER", "TAKEOVER")).toBe("OK");
  await vi.waitFor(
    async () => {
      await refreshed();
      expect(masterPorts()).toContain(replicaPort);
    },
    { timeout: 60_000, interval: 20 },
  );
  expect(events).toEqual([{ type: "failover" }]);
});
