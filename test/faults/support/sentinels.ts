import { type ChildProcess, spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { ended, newPlace, type RedisPlace } from "../../support/redis-server.js";
import { caughtUp } from "./caught-up.js";
import { type FaultRedis, faultRedis } from "./fault-redis.js";
import { waitUntil } from "./wait-until.js";

const NAME = "granary";
const SENTINELS = 3;
const QUORUM = 2;
/** A master that is silent for so long is dead. Three times a second is often asked on a machine that is busy. */
const DOWN_AFTER_MS = 1_000;

/** A master and its replica, watched by sentinels. */
export interface Sentinels {
  /** What a client is made with. */
  readonly client: { readonly sentinels: readonly number[]; readonly name: string };
  /** SIGKILLs the master, once its replica has all that it has. */
  killMaster(): Promise<void>;
  /** Starts the old master again, which the sentinels make a replica. */
  restartMaster(): Promise<void>;
  /** What the old master says of its role. */
  oldMaster(): Promise<string>;
  /** Resolves once every sentinel names the replica as the master. */
  failedOver(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSentinels(): Promise<Sentinels> {
  const [master, replica] = await Promise.all([faultRedis(), faultRedis()]);
  await master.start();
  await replica.start("--replicaof", "127.0.0.1", String(master.port));
  // A sentinel that finds no replica when it begins looks again ten seconds later.
  await waitUntil({ look: () => replication(replica), holds: (said) => said.includes("master_link_status:up") });
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(master.port)));
  await waitUntil({ look: () => states(sentinels), holds: (all) => all.every(isComplete) });
  return {
    client: { sentinels: sentinels.map(({ place }) => place.port), name: NAME },
    async killMaster() {
      await caughtUp(master.admin, replica.admin);
      await master.kill();
    },
    async restartMaster() {
      await master.start();
    },
    oldMaster: () => replication(master),
    async failedOver() {
      const look = (): Promise<readonly SentinelState[]> => states(sentinels);
      await waitUntil({ look, holds: (all) => all.every(({ port }) => port === replica.port), withinMs: 60_000 });
    },
    async stop() {
      await Promise.all([master.stop(), replica.stop(), ...sentinels.map(stopSentinel)]);
    },
  };
}

interface Sentinel {
  readonly place: RedisPlace;
  readonly process: ChildProcess;
  readonly admin: Redis;
}

async function startSentinel(masterPort: number): Promise<Sentinel> {
  const place = await newPlace();
  const file = `${place.folder}/sentinel.conf`;
  const settings = [
    `port ${place.port}`,
    "bind 127.0.0.1",
    `dir ${place.folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  const child = spawn("redis-server", [file, "--sentinel"], { stdio: ["ignore", "ignore", "inherit"] });
  running.add(child);
  const admin = new Redis(place.port, { enableReadyCheck: false, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  admin.on("error", () => undefined);
  return { place, process: child, admin };
}

async function stopSentinel({ place, process: child, admin }: Sentinel): Promise<void> {
  admin.disconnect();
  await ended(child);
  await rm(place.folder, { recursive: true, force: true });
}

/** What a sentinel knows: where the master is, and how many replicas and other sentinels there are. */
interface SentinelState {
  readonly port: number;
  readonly replicas: number;
  readonly others: number;
}

function states(sentinels: readonly Sentinel[]): Promise<readonly SentinelState[]> {
  return Promise.all(
    sentinels.map(async ({ admin }) => {
      const words = (await admin.call("SENTINEL", "MASTER", NAME)) as readonly string[];
      const figure = (name: string): number => Number(words[words.indexOf(name) + 1]);
      return { port: figure("port"), replicas: figure("num-slaves"), others: figure("num-other-sentinels") };
    }),
  );
}

function isComplete({ replicas, others }: SentinelState): boolean {
  return replicas === 1 && others === SENTINELS - 1;
}

async function replication(redis: FaultRedis): Promise<string> {
  return String(await redis.command("INFO", "replication"));
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
