import type { Redis } from "ioredis";
import { waitUntil } from "./wait-until.js";

/**
 * Holds the writes of a master that is about to die, and resolves once its replica has all of them: what a failover
 * loses, no cache could know.
 */
export async function caughtUp(master: Pick<Redis, "call">, replica: Pick<Redis, "call">): Promise<void> {
  await master.call("CLIENT", "PAUSE", 60_000, "WRITE");
  await waitUntil({
    look: () => Promise.all([offsetOf(master), offsetOf(replica)]),
    holds: ([sent, got]) => sent === got,
  });
}

async function offsetOf(redis: Pick<Redis, "call">): Promise<string> {
  return /master_repl_offset:(\d+)/.exec(String(await redis.call("INFO", "replication")))?.[1] ?? "none";
}
