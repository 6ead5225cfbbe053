import type { Cluster, Redis } from "ioredis";
import { expect, type TestContext, test } from "vitest";
import { startCluster } from "../../packages/redis/test/support/cluster.js";
import { startSentinels } from "../../test/faults/support/sentinels.js";
import { waitUntil } from "../../test/faults/support/wait-until.js";
import { type Address, main, ofCluster, throughSentinels } from "../highly-available.js";

const TIMEOUT_MS = 120_000;
const local = (port: number): Address => ({ host: "127.0.0.1", port });

test.concurrent("nobody notices a failover by sentinels, and the nodes hear of each other afterwards", {
  timeout: TIMEOUT_MS,
}, async ({ onTestFinished }) => {
  const sentinels = await startSentinels();
  onTestFinished(() => sentinels.stop());
  const { name } = sentinels.client;
  await outlives(() => throughSentinels(sentinels.client.sentinels.map(local), name), {
    fail: () => sentinels.killMaster(),
    over: () => sentinels.failedOver(),
    onTestFinished,
  });
});

test.concurrent("nobody notices when a master of a cluster dies, and the nodes hear of each other afterwards", {
  timeout: TIMEOUT_MS,
}, async ({ onTestFinished }) => {
  const cluster = await startCluster({ nodeTimeoutMs: 1_500 });
  onTestFinished(() => cluster.stop());
  const [master] = cluster.masters;
  await outlives(() => ofCluster(cluster.ports.map(local)), {
    fail: async () => master?.kill(),
    over: async () => master?.replaced(),
    onTestFinished,
  });
});

interface Failover {
  fail(): Promise<unknown>;
  over(): Promise<unknown>;
  /** Of the test itself: which one the imported one is for is not known while two of them run. */
  readonly onTestFinished: TestContext["onTestFinished"];
}

/** Two nodes, which read and write while servers fail over, and agree behind that. */
async function outlives(connect: () => Redis | Cluster, { fail, over, onTestFinished }: Failover): Promise<void> {
  const clients = [connect(), connect()] as const;
  const [one, other] = [main(clients[0]), main(clients[1])];
  onTestFinished(async () => {
    await Promise.all([one.close(), other.close()]);
    for (const client of clients) client.disconnect();
  });
  for (const cache of [one, other]) cache.on("error", () => undefined);
  const ids = Array.from({ length: 20 }, (_, at) => `page ${at}`);
  for (const id of ids) expect(await one.getOrSet(id, () => "first")).toBe("first");
  for (const id of ids) expect(await other.getOrSet(id, () => "first")).toBe("first");
  await fail();
  for (const id of ids) {
    await one.delete(id);
    expect(await one.getOrSet(id, () => "second")).toBe("second");
  }
  await over();
  for (const id of ids) {
    await waitUntil({ look: () => other.getOrSet(id, () => "second"), holds: (value) => value === "second" });
  }
}
