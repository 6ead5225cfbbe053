import { createServer } from "node:net";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.js";
import { until } from "./bus-listening.js";

const SLOTS = 16_384;

/** A cluster on loopback, of masters only. */
export interface RedisCluster {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

interface Member {
  readonly server: RedisServer;
  readonly busPort: number;
  readonly admin: Redis;
}

/** Starts a cluster of three masters, and resolves once each of them calls it whole. */
export async function startCluster(): Promise<RedisCluster> {
  const members = await Promise.all([startMember(), startMember(), startMember()]);
  await Promise.all(members.map(giveSlots));
  await introduce(members);
  await Promise.all(members.map(({ admin }) => whole(admin)));
  for (const { admin } of members) admin.disconnect();
  const stop = async (): Promise<void> => {
    await Promise.all(members.map(({ server }) => server.stop()));
  };
  return { ports: members.map(({ server }) => server.port), stop };
}

async function startMember(): Promise<Member> {
  const busPort = await freePort();
  const server = await startRedis("--cluster-enabled", "yes", "--cluster-port", String(busPort));
  return { server, busPort, admin: new Redis(server.url) };
}

async function giveSlots({ admin }: Member, at: number, all: readonly Member[]): Promise<void> {
  const first = Math.floor((SLOTS * at) / all.length);
  const last = Math.floor((SLOTS * (at + 1)) / all.length) - 1;
  await admin.call("CLUSTER", "SET-CONFIG-EPOCH", at + 1);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", first, last);
}

async function introduce([first, ...others]: readonly Member[]): Promise<void> {
  for (const { server, busPort } of others) {
    await first?.admin.call("CLUSTER", "MEET", "127.0.0.1", server.port, busPort);
  }
}

async function whole(admin: Redis): Promise<void> {
  let info = "";
  const ask = async (): Promise<void> => {
    info = String(await admin.call("CLUSTER", "INFO"));
  };
  await until(() => {
    void ask();
    return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3");
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
