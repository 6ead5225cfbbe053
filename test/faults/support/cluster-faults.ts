import { Redis } from "ioredis";
import { type RedisCluster, startCluster } from "../../../packages/redis/test/support/cluster.js";
import { caughtUp } from "./caught-up.js";
import { waitUntil } from "./wait-until.js";

/** A node that is silent for so long is dead. */
const NODE_TIMEOUT_MS = 1_500;
/** More than there are. */
const MOST_KEYS = 1_000;

/** A cluster of three masters, each with a replica, and what can happen to it. */
export interface FaultCluster {
  /** What a client is made with. */
  readonly client: { readonly cluster: readonly number[] };
  /** Moves the slots of the first master that hold keys to the second one, with the keys. */
  migrateSlots(): Promise<void>;
  /** SIGKILLs the first master, once its replica has all that it has. */
  killMaster(): Promise<void>;
  /** Resolves once the replica has taken over. */
  failedOver(): Promise<void>;
  /** The errors that the first master has answered with. */
  errors(): Promise<string>;
  stop(): Promise<void>;
}

export async function faultCluster(): Promise<FaultCluster> {
  const cluster = await startCluster({ nodeTimeoutMs: NODE_TIMEOUT_MS });
  const admins = cluster.ports.map(adminOf);
  const [first, second] = [admins[0]!, admins[1]!];
  const replica = admins[cluster.ports.indexOf(cluster.masters[0]!.replicaPort)]!;
  return {
    client: { cluster: cluster.ports },
    migrateSlots: () => migrate(cluster, [first, second, admins[2]!]),
    async killMaster() {
      await caughtUp(first, replica);
      first.disconnect();
      await cluster.masters[0]!.kill();
    },
    failedOver: () => tookOver(replica),
    errors: () => first.info("errorstats"),
    async stop() {
      for (const admin of admins) admin.disconnect();
      await cluster.stop();
    },
  };
}

function adminOf(port: number): Redis {
  const admin = new Redis(port);
  admin.on("error", () => undefined);
  return admin;
}

async function tookOver(replica: Redis): Promise<void> {
  const look = async (): Promise<string> =>
    `${await replica.info("replication")}${String(await replica.call("CLUSTER", "INFO"))}`;
  const holds = (said: string): boolean => said.includes("role:master") && said.includes("cluster_state:ok");
  await waitUntil({ look, holds, withinMs: 60_000 });
}

async function migrate({ ports }: RedisCluster, masters: readonly [Redis, Redis, Redis]): Promise<void> {
  const [from, to] = masters;
  const [fromId, toId] = await Promise.all(
    [from, to].map(async (admin) => String(await admin.call("CLUSTER", "MYID"))),
  );
  const keys = (await from.call("KEYS", "*")) as readonly string[];
  const slots = new Set(await Promise.all(keys.map((key) => from.call("CLUSTER", "KEYSLOT", key))));
  for (const slot of slots) {
    await to.call("CLUSTER", "SETSLOT", Number(slot), "IMPORTING", fromId!);
    await from.call("CLUSTER", "SETSLOT", Number(slot), "MIGRATING", toId!);
    await moveKeys(from, Number(slot), ports[1]!);
    for (const admin of [to, from, masters[2]]) await admin.call("CLUSTER", "SETSLOT", Number(slot), "NODE", toId!);
  }
}

/** Until none is left: others may write there meanwhile. */
async function moveKeys(from: Redis, slot: number, toPort: number): Promise<void> {
  while (true) {
    const keys = (await from.call("CLUSTER", "GETKEYSINSLOT", slot, MOST_KEYS)) as readonly string[];
    if (keys.length === 0) return;
    await from.call("MIGRATE", "127.0.0.1", toPort, "", 0, 5_000, "REPLACE", "KEYS", ...keys);
  }
}
