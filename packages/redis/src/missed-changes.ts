import type { CacheStore, MissedChange } from "@granary/core";
import { deletionMarks, type EntryDeletes } from "./entry-deletes.js";
import { type Encoded, isOver } from "./entry-writes.js";
import { instantText } from "./instant-text.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { ReadBatch } from "./read-batch.js";
import { deletedAtIn } from "./scope-mark-text.js";
import type { WriteBatch } from "./write-batch.js";

export interface MissedChangesParts {
  readonly reads: ReadBatch;
  readonly writes: WriteBatch;
  readonly leaseKey: LeaseKey;
  readonly isCluster: boolean;
  readonly encode: (key: string, change: MissedChange) => Pick<Encoded, "text" | "life">;
  readonly deletes: EntryDeletes;
}

type Replay = NonNullable<CacheStore["replay"]>;

/** Makes changes that Redis has missed. */
export function missedChanges({ reads, writes, leaseKey, isCluster, encode, deletes }: MissedChangesParts): Replay {
  const send = async (key: string, change: MissedChange, deletedAt?: number): Promise<boolean> => {
    const { text, life } = encode(key, change);
    const at = instantText(change.at);
    const known = deletedAt === undefined ? "" : instantText(deletedAt);
    const keys = [...withLease(key, leaseKey), ...(isCluster ? [] : deletionMarks([key]))];
    const args = isOver(life) ? [at, "", "", known] : [at, text, life, known];
    return Number(await writes.send({ step: "replay", keys, args })) === 1;
  };
  if (!isCluster) return (key, change) => send(key, change);
  const lastDeletion = async (key: string): Promise<number> => {
    const marks = await Promise.all(deletionMarks([key]).map((mark) => reads.read(mark)));
    return Math.max(Number.NEGATIVE_INFINITY, ...marks.map(deletedAtIn));
  };
  return async (key, change) => {
    const isMade = await send(key, change, await lastDeletion(key));
    // The mark is on another server than the key: somebody may have deleted the key between the two steps.
    const born = change.entry?.createdAt ?? change.at;
    if (!isMade || (await lastDeletion(key)) < born) return isMade;
    await deletes.remove([key], change.at);
    return false;
  };
}
