import type { CacheEntry, ManyCapability, MissedChange } from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import type { EntryDeletes } from "./entry-deletes.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { WriteBatch } from "./write-batch.js";

/** What writing entries needs: where bytes go, how they are made, and when it is. */
export interface EntryWritesParts {
  readonly batch: WriteBatch;
  readonly codec: EntryCodec;
  readonly deletes: EntryDeletes;
  readonly now: () => number;
  readonly leaseKey: LeaseKey;
}

/** The writing half of a store. Every change of a key ends its lease. */
export interface EntryWrites {
  set(key: string, entry: CacheEntry): Promise<void>;
  readonly setMany: ManyCapability["set"];
  /** A change, encoded; nothing where it is a deletion. */
  encode(key: string, change: MissedChange): Pick<Encoded, "text" | "life">;
  /** Writes, or deletes where there is nothing, under the lease that `token` stands for; whether it still did. */
  fill(key: string, entry: CacheEntry | undefined, token: string): Promise<boolean>;
}

/** What Redis is given for an entry. */
export interface Encoded {
  readonly key: string;
  readonly text: string | Buffer;
  /** How long Redis is to keep it: milliseconds, or "" for ever. */
  readonly life: number | "";
}

export function entryWrites({ batch, codec, deletes, now, leaseKey }: EntryWritesParts): EntryWrites {
  const encoded = (key: string, entry: CacheEntry): Encoded => ({
    key,
    text: codec.encode(key, entry),
    life: lifeOf(entry.keepUntil - now()),
  });
  const write = ({ key, text, life }: Encoded): Promise<unknown> =>
    isOver(life)
      ? deletes.remove([key])
      : batch.send({ step: "set", keys: withLease(key, leaseKey), args: [text, life] });
  return {
    async set(key, entry) {
      await write(encoded(key, entry));
    },
    encode: (key, { entry }) => (entry === undefined ? NOTHING : encoded(key, entry)),
    async setMany(entries) {
      // All are encoded before the first is sent: a value that cannot be written leaves nothing half done.
      await Promise.all(entries.map(([key, entry]) => encoded(key, entry)).map(write));
    },
    async fill(key, entry, token) {
      const { text, life } = entry === undefined ? NOTHING : encoded(key, entry);
      // What is over already has replaced what was there, and leaves nothing either.
      if (text === "" || isOver(life)) return deletes.removeUnder(key, token);
      const args = [token, text, life, key];
      return Number(await batch.send({ step: "fill", keys: withLease(key, leaseKey), args })) === 1;
    },
  };
}

/** What a deletion writes. */
const NOTHING = { text: "", life: "" } as const;

/** Redis drops a key at a whole millisecond, so not before the entry is gone. */
function lifeOf(lifeMs: number): number | "" {
  const ms = Math.ceil(lifeMs);
  return ms > Number.MAX_SAFE_INTEGER ? "" : ms;
}

/** Whether there is nothing to keep. */
export function isOver(life: number | ""): boolean {
  return life !== "" && life <= 0;
}
