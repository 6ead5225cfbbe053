import type { Admit, LeaseAnswer, LeasesCapability } from "@granary/core";
import { newEpoch, scopesOf } from "@granary/core";
import type { EntryReads } from "./entry-reads.js";
import type { EntryWrites } from "./entry-writes.js";
import { recordKey } from "./generation-keys.js";
import type { Generations, Levels } from "./generations.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { LeaseWakes } from "./lease-wakes.js";
import type { CommandWord } from "./script.js";
import type { WriteBatch } from "./write-batch.js";

/** What leases in Redis need. */
export interface RedisLeasesParts {
  readonly writes: WriteBatch;
  readonly reads: EntryReads;
  readonly fills: EntryWrites;
  readonly generations: Generations;
  readonly wakes: LeaseWakes;
  readonly leaseKey: LeaseKey;
  /** Whether the records of namespaces are on other servers than the keys. */
  readonly isCluster: boolean;
}

/** Long enough to outlast a stall of the holder's event loop, short enough to wait for when the holder is dead. */
const LEASE_MS = 3_000;

/** Leases asked for in one turn for which that is meant: who loads thousands at once takes longer with each. */
const LEASES_A_TERM = 6_000;

/** One more key beside an entry, which holds the token of the one node that may load it. */
export function redisLeases(parts: RedisLeasesParts): LeasesCapability {
  const { writes, reads, fills, generations, wakes, leaseKey, isCluster } = parts;
  const keysOf = (key: string): string[] => withLease(key, leaseKey);

  async function acquire(key: string, token: string, admit?: Admit): Promise<LeaseAnswer> {
    let ttlMs = LEASE_MS;
    const [names, scopes] = [keysOf(key), scopesOf(key)];
    const records = isCluster ? [] : scopes.map(recordKey);
    const args = (count: number): readonly CommandWord[] => {
      ttlMs = LEASE_MS * Math.ceil(count / LEASES_A_TERM);
      return [names.length - 1, token, ttlMs, ...records.map(newEpoch)];
    };
    // On a cluster the records are on another server: an answer that came before them is judged by what is newer.
    const asked = writes.send({ step: "acquire", keys: [...names, ...records], args });
    const made = isCluster ? generations.make(key) : undefined;
    made?.catch(() => {});
    const [bytes, leftMs, holder, ...texts] = (await asked) as Acquired;
    let levels: Levels = made === undefined ? generations.levelsIn(scopes, texts.map(String)) : await made;
    // One that is damaged is made anew.
    if (levels.current === undefined) levels = await generations.make(key);
    const entry = await reads.open(key, bytes, { levels, admit });
    if (Number(leftMs) >= 0) return { type: "taken", entry, leftMs: Number(leftMs), holder: String(holder) };
    const { current } = levels;
    return {
      type: "granted",
      entry,
      ...(ttlMs > LEASE_MS && { ttlMs }),
      ...(current !== undefined && current !== "" && { generations: current }),
    };
  }

  return {
    ttlMs: LEASE_MS,
    acquire,
    fill: (key, entry, { token, generations: carried }) =>
      fills.fill(key, entry && { ...entry, generations: carried }, token),
    renew: async (key, token, ttlMs = LEASE_MS) =>
      isOne(await writes.send({ step: "renew", keys: keysOf(key), args: [token, ttlMs] })),
    async release(key, token) {
      await writes.send({ step: "release", keys: keysOf(key), args: [token, key] });
    },
    watch: (key, wake) => wakes.watch(key, wake),
  };
}

type Acquired = [bytes: Uint8Array | null, leftMs: number | string, holder: Uint8Array | string, ...records: unknown[]];

function isOne(answer: unknown): boolean {
  return Number(answer) === 1;
}
