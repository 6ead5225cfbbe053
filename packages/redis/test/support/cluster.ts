import { Redis } from "ioredis";
import { vi } from "vitest";
import { freePort } from "../../../../test/support/free-port.js";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.js";

const SLOTS = 16_384;
const MASTERS = 3;
/** Far longer than anything here takes, so that no slow machine fails. */
const DEADLINE_MS = 60_000;

/** How `startCluster` starts one. */
export interface ClusterOptions {
  /** A node that is silent for so long counts as dead. Default: 15 s, so that no slow machine fails over by itself. */
  readonly nodeTimeoutMs?: number;
}

/** A cluster on loopback: three masters, each with a replica. */
export interface RedisCluster {
  /** Of all six nodes, the masters first. */
  readonly ports: readonly number[];
  /** Those that it started with, in the order of their slots. */
  readonly masters: readonly ClusterMaster[];
  /** Kills all nodes. */
  stop(): Promise<void>;
}

/** One of the masters that a cluster started with. */
export interface ClusterMaster {
  readonly port: number;
  readonly replicaPort: number;
  readonly firstSlot: number;
  readonly lastSlot: number;
  /** SIGKILLs its process; resolves once that is gone. */
  kill(): Promise<void>;
  /** Behind `kill`: resolves once every node that lives calls the replica the master of these slots, and all whole. */
  replaced(): Promise<void>;
}

interface Node {
  readonly server: RedisServer;
  readonly busPort: number;
  readonly admin: Redis;
}

/** A range of slots and who serves it: a master, then, while both live, its replica. */
interface Shard {
  readonly firstSlot: number;
  readonly lastSlot: number;
  readonly master: Node;
  readonly replica: Node;
  living: readonly Node[];
}

/** Starts a cluster, and resolves once every replica follows its master and every node calls the cluster whole. */
export async function startCluster({ nodeTimeoutMs = 15_000 }: ClusterOptions = {}): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * MASTERS }, startNode));
  const shards = shardsOf(nodes);
  await Promise.all(shards.map(giveSlots));
  await introduce(nodes);
  await Promise.all(shards.map(follow));
  await agreed(shards);
  await Promise.all(nodes.map(({ admin }) => allowFailover(admin, nodeTimeoutMs)));
  return {
    ports: nodes.map(portOf),
    masters: shards.map((shard) => masterOf(shard, shards)),
    async stop() {
      await Promise.all(nodes.map(kill));
    },
  };
}

async function startNode(): Promise<Node> {
  const busPort = await freePort();
  const settings = {
    "cluster-enabled": "yes",
    "cluster-port": busPort,
    // A short one makes nodes talk often, so that they agree after two seconds instead of six; nobody fails over yet.
    "cluster-node-timeout": 1_000,
    "cluster-replica-no-failover": "yes",
    // A replica follows at once, counts as one within a second, and takes over however long it had lost its master.
    "repl-diskless-sync-delay": 0,
    "repl-ping-replica-period": 1,
    "cluster-replica-validity-factor": 0,
  };
  const server = await startRedis(...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]));
  return { server, busPort, admin: new Redis(server.url) };
}

function shardsOf(nodes: readonly Node[]): readonly Shard[] {
  const start = (at: number): number => Math.floor((SLOTS * at) / MASTERS);
  return Array.from({ length: MASTERS }, (_, at) => {
    const [master, replica] = [nodes[at], nodes[MASTERS + at]] as [Node, Node];
    return { firstSlot: start(at), lastSlot: start(at + 1) - 1, master, replica, living: [master, replica] };
  });
}

async function giveSlots({ master, firstSlot, lastSlot }: Shard, at: number): Promise<void> {
  await master.admin.call("CLUSTER", "SET-CONFIG-EPOCH", at + 1);
  await master.admin.call("CLUSTER", "ADDSLOTSRANGE", firstSlot, lastSlot);
}

async function allowFailover(admin: Redis, nodeTimeoutMs: number): Promise<void> {
  await admin.config("SET", "cluster-node-timeout", nodeTimeoutMs);
  await admin.config("SET", "cluster-replica-no-failover", "no");
}

/** Each to each: left to gossip, they take longer to meet. */
async function introduce(nodes: readonly Node[]): Promise<void> {
  const meet = ({ admin }: Node, { server, busPort }: Node): Promise<unknown> =>
    admin.call("CLUSTER", "MEET", "127.0.0.1", server.port, busPort);
  await Promise.all(nodes.flatMap((node, at) => nodes.slice(at + 1).map((other) => meet(node, other))));
}

async function follow({ master, replica }: Shard): Promise<void> {
  const id = String(await master.admin.call("CLUSTER", "MYID"));
  // A node refuses to follow one that it has not met yet.
  await eventually(async () => (await replica.admin.call("CLUSTER", "REPLICATE", id)) === "OK");
  await eventually(async () => (await replica.admin.info("replication")).includes("master_link_status:up"));
}

/** Resolves once every node calls the cluster whole, and knows who serves which slots. */
async function agreed(shards: readonly Shard[]): Promise<void> {
  const expected = JSON.stringify(shards.map(({ firstSlot, living }) => [firstSlot, ...living.map(portOf)]));
  const agrees = async ({ admin }: Node): Promise<boolean> => {
    const [info, ranges] = await Promise.all([admin.call("CLUSTER", "INFO"), admin.call("CLUSTER", "SLOTS")]);
    return String(info).includes("cluster_state:ok") && JSON.stringify(servedBy(ranges)) === expected;
  };
  await Promise.all(shards.flatMap(({ living }) => living.map((node) => eventually(() => agrees(node)))));
}

/** The first slot and the ports of each range, in the order of the slots. */
function servedBy(ranges: unknown): readonly (readonly number[])[] {
  return (ranges as [first: number, last: number, ...nodes: [host: string, port: number][]][])
    .map(([first, , ...nodes]) => [first, ...nodes.map(([, port]) => port)])
    .sort(([one = 0], [other = 0]) => one - other);
}

function masterOf(shard: Shard, shards: readonly Shard[]): ClusterMaster {
  const { firstSlot, lastSlot, master, replica } = shard;
  return {
    port: portOf(master),
    replicaPort: portOf(replica),
    firstSlot,
    lastSlot,
    async kill() {
      shard.living = [replica];
      await kill(master);
    },
    replaced: () => agreed(shards),
  };
}

async function kill({ admin, server }: Node): Promise<void> {
  admin.disconnect();
  await server.stop();
}

function portOf({ server }: Node): number {
  return server.port;
}

/** Resolves once `look` gives `true`; what it throws counts as not yet. */
async function eventually(look: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(
    async () => {
      if ((await look()) !== true) throw new Error(`Not so after a minute: ${look}`);
    },
    { timeout: DEADLINE_MS, interval: 20 },
  );
}
