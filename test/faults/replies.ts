import { metGap, reported } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import type { FaultFleet } from "./support/fault-fleet.js";
import { plan } from "./support/plan.js";
import { waitUntil } from "./support/wait-until.js";

/** What Redis said of itself while it was slow to start. */
let loading = "";

/** Redis answers, and refuses or forgets. */
export const replies: readonly Fault[] = [
  {
    lines: "C18 C22",
    name: "CLIENT KILL ends every connection",
    begin: killAll,
    end: async () => undefined,
    noticed: (outcome) => metGap("n0")(outcome) && metGap("n1")(outcome),
  },
  {
    lines: "C22",
    name: "CLIENT PAUSE holds every command",
    begin: ({ redis }) => redis.command("CLIENT", "PAUSE", plan.faultMs + 500, "ALL"),
    end: ({ redis }) => redis.command("PING"),
    noticed: (outcome) => reported(outcome, /STORE_TIMEOUT/),
  },
  {
    lines: "C20",
    name: "FLUSHALL",
    begin: ({ redis }) => redis.command("FLUSHALL"),
    evidence: ({ redis }) => info(redis, "stats"),
    end: async () => undefined,
    noticed: ({ evidence }) => /keyspace_misses:[1-9]/.test(evidence),
  },
  {
    lines: "C22 C25",
    name: "OOM refuses every write",
    begin: ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", 1),
    evidence: ({ redis }) => info(redis, "errorstats"),
    end: ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", 0),
    noticed: (outcome) => outcome.evidence.includes("OOM") && reported(outcome, /OOM/),
  },
  {
    lines: "C20 C22",
    name: "maxmemory evicts nearly everything",
    begin: async ({ redis }) => {
      await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
      const used = /used_memory:(\d+)/.exec(await info(redis, "memory"))?.[1];
      await redis.command("CONFIG", "SET", "maxmemory", Number(used) - 20_000);
    },
    evidence: ({ redis }) => info(redis, "stats"),
    end: ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", 0),
    noticed: ({ evidence }) => /evicted_keys:[1-9]/.test(evidence),
  },
  {
    lines: "C22 C25 C29",
    name: "READONLY refuses every write",
    binds: "takenAt",
    begin: ({ redis }) => redis.command("REPLICAOF", "127.0.0.1", 1),
    evidence: ({ redis }) => info(redis, "errorstats"),
    end: ({ redis }) => redis.command("REPLICAOF", "NO", "ONE"),
    noticed: (outcome) => outcome.evidence.includes("READONLY") && reported(outcome, /READONLY/),
  },
  {
    lines: "C22 C24",
    name: "LOADING: Redis is killed, and slow to start",
    begin: async ({ redis }) => {
      await redis.command("SAVE");
      await redis.kill();
      // While it reads its append-only file, this version of Redis answers nobody; while it reads a dump, it does.
      redis.spawn(
        ...["--appendonly", "no", "--key-load-delay", "50000"],
        ...["--loading-process-events-interval-bytes", "1024"],
      );
      // On a busy machine it may be done with that before the end of the fault.
      const look = (): Promise<string> => info(redis, "persistence");
      loading = await waitUntil({ look, holds: (said) => said.includes("loading:1") });
    },
    evidence: async () => loading,
    end: async ({ redis }) => {
      await redis.command("CONFIG", "SET", "key-load-delay", 0);
      await waitUntil({ look: () => info(redis, "persistence"), holds: (said) => said.includes("loading:0") });
    },
    noticed: ({ evidence }) => evidence.includes("loading:1"),
  },
  {
    lines: "C22",
    name: "NOAUTH: a password is asked for all of a sudden",
    begin: async (fleet) => {
      await fleet.redis.command("CONFIG", "SET", "requirepass", "secret");
      await killAll(fleet);
    },
    evidence: ({ redis }) => info(redis, "errorstats"),
    end: ({ redis }) => redis.command("CONFIG", "SET", "requirepass", ""),
    noticed: (outcome) => outcome.evidence.includes("NOAUTH") && reported(outcome, /NOAUTH/),
  },
  {
    lines: "C22",
    name: "NOSCRIPT: SCRIPT FLUSH forgets what was loaded",
    begin: ({ redis }) => redis.command("SCRIPT", "FLUSH"),
    evidence: ({ redis }) => info(redis, "errorstats"),
    end: async () => undefined,
    noticed: ({ evidence }) => evidence.includes("NOSCRIPT"),
  },
];

async function info(redis: FaultFleet["redis"], section: string): Promise<string> {
  return String(await redis.command("INFO", section));
}

async function killAll({ redis }: FaultFleet): Promise<void> {
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
}
