import type { CacheEntry, ManyCapability } from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import { groupKeys, type SlotOfKey } from "./key-groups.js";
import type { LeaseKey } from "./lease-key.js";
import type { WriteBatch } from "./write-batch.js";

/** What writing entries needs: where bytes go, how they are made, and when it is. */
export interface EntryWritesParts {
  readonly batch: WriteBatch;
  readonly codec: EntryCodec;
  readonly slotOf: SlotOfKey;
  readonly now: () => number;
  readonly leaseKey: LeaseKey;
}

/** The writing half of a store. Every change of a key ends its lease. */
export interface EntryWrites {
  set(key: string, entry: CacheEntry): Promise<void>;
  delete(key: string): Promise<boolean>;
  readonly setMany: ManyCapability["set"];
  readonly deleteMany: ManyCapability["delete"];
  /** Writes under the lease that `token` stands for; whether it still did. */
  fill(key: string, entry: CacheEntry, token: string): Promise<boolean>;
}

/** What Redis is given for an entry. */
interface Encoded {
  readonly key: string;
  readonly text: string | Buffer;
  /** How long Redis is to keep it: milliseconds, or "" for ever. */
  readonly life: number | "";
}

export function entryWrites({ batch, codec, slotOf, now, leaseKey }: EntryWritesParts): EntryWrites {
  const leasesOf = (keys: readonly string[]): string[] => keys.flatMap((key) => leaseKey(key) ?? []);
  const keysOf = (key: string): string[] => [key, ...leasesOf([key])];
  const encoded = (key: string, entry: CacheEntry): Encoded => ({
    key,
    text: codec.encode(entry),
    life: lifeOf(entry.keepUntil - now()),
  });
  const remove = async (keys: string[]): Promise<readonly boolean[]> => {
    const counts = await batch.send({ step: "delete", keys: [...keys, ...leasesOf(keys)], args: [keys.length] });
    // A client may be set to give numbers as text.
    return (counts as readonly unknown[]).map((count) => Number(count) > 0);
  };
  const write = ({ key, text, life }: Encoded): Promise<unknown> =>
    isOver(life) ? remove([key]) : batch.send({ step: "set", keys: keysOf(key), args: [text, life] });
  return {
    async set(key, entry) {
      await write(encoded(key, entry));
    },
    delete: async (key) => (await remove([key]))[0] === true,
    async setMany(entries) {
      // All are encoded before the first is sent: a value that cannot be written leaves nothing half done.
      await Promise.all(entries.map(([key, entry]) => encoded(key, entry)).map(write));
    },
    async deleteMany(keys) {
      const groups = groupKeys(keys, slotOf);
      const answers = await Promise.all(groups.map(remove));
      const existed = new Set(groups.flatMap((group, at) => group.filter((_, index) => answers[at]?.[index])));
      return keys.map((key) => existed.delete(key));
    },
    async fill(key, entry, token) {
      const { text, life } = encoded(key, entry);
      if (isOver(life)) return false;
      const args = [token, text, life, key];
      return Number(await batch.send({ step: "fill", keys: keysOf(key), args })) === 1;
    },
  };
}

/** Redis drops a key at a whole millisecond, so not before the entry is gone. */
function lifeOf(lifeMs: number): number | "" {
  const ms = Math.ceil(lifeMs);
  return ms > Number.MAX_SAFE_INTEGER ? "" : ms;
}

function isOver(life: number | ""): boolean {
  return life !== "" && life <= 0;
}
