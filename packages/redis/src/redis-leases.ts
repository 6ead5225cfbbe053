import type { Admit, LeaseAnswer, LeasesCapability } from "@granary/core";
import type { EntryReads } from "./entry-reads.js";
import type { EntryWrites } from "./entry-writes.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { LeaseWakes } from "./lease-wakes.js";
import type { CommandWord } from "./script.js";
import type { WriteBatch } from "./write-batch.js";

/** What leases in Redis need. */
export interface RedisLeasesParts {
  readonly writes: WriteBatch;
  readonly reads: EntryReads;
  readonly fills: EntryWrites;
  readonly wakes: LeaseWakes;
  readonly leaseKey: LeaseKey;
}

/** Long enough to outlast a stall of the holder's event loop, short enough to wait for when the holder is dead. */
const LEASE_MS = 3_000;

/** Leases asked for in one turn for which that is meant: who loads thousands at once takes longer with each. */
const LEASES_A_TERM = 6_000;

/** One more key beside an entry, which holds the token of the one node that may load it. */
export function redisLeases({ writes, reads, fills, wakes, leaseKey }: RedisLeasesParts): LeasesCapability {
  const keysOf = (key: string): string[] => withLease(key, leaseKey);

  async function acquire(key: string, token: string, admit?: Admit): Promise<LeaseAnswer> {
    let ttlMs = LEASE_MS;
    const args = (count: number): readonly CommandWord[] => {
      ttlMs = LEASE_MS * Math.ceil(count / LEASES_A_TERM);
      return [token, ttlMs];
    };
    const answer = await writes.send({ step: "acquire", keys: keysOf(key), args });
    const [bytes, leftMs, holder] = answer as [Uint8Array | null, number | string, Uint8Array | string];
    const entry = await reads.open(key, bytes, admit);
    if (Number(leftMs) < 0) return { type: "granted", entry, ...(ttlMs > LEASE_MS && { ttlMs }) };
    return { type: "taken", entry, leftMs: Number(leftMs), holder: String(holder) };
  }

  return {
    ttlMs: LEASE_MS,
    acquire,
    fill: (key, entry, { token }) => fills.fill(key, entry, token),
    renew: async (key, token, ttlMs = LEASE_MS) =>
      isOne(await writes.send({ step: "renew", keys: keysOf(key), args: [token, ttlMs] })),
    async release(key, token) {
      await writes.send({ step: "release", keys: keysOf(key), args: [token, key] });
    },
    watch: (key, wake) => wakes.watch(key, wake),
  };
}

function isOne(answer: unknown): boolean {
  return Number(answer) === 1;
}
