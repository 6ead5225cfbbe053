import type { CacheEntry, ManyCapability } from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import { groupKeys, type SlotOfKey } from "./key-groups.js";
import type { Write, WriteBatch } from "./write-batch.js";

/** What writing entries needs: where bytes go, how they are made, and when it is. */
export interface EntryWritesParts {
  readonly batch: WriteBatch;
  readonly codec: EntryCodec;
  readonly slotOf: SlotOfKey;
  readonly now: () => number;
}

/** The writing half of a store. */
export interface EntryWrites {
  set(key: string, entry: CacheEntry): Promise<void>;
  delete(key: string): Promise<boolean>;
  readonly setMany: ManyCapability["set"];
  readonly deleteMany: ManyCapability["delete"];
}

export function entryWrites({ batch, codec, slotOf, now }: EntryWritesParts): EntryWrites {
  const writeOf = (key: string, entry: CacheEntry): Write =>
    writeFor(key, codec.encode(entry), entry.keepUntil - now());
  // A client may be set to give numbers as text.
  const unlink = async (keys: string[]): Promise<number> => Number(await batch.send({ type: "unlink", keys }));
  return {
    async set(key, entry) {
      await batch.send(writeOf(key, entry));
    },
    delete: async (key) => (await unlink([key])) > 0,
    async setMany(entries) {
      // All are encoded before the first is sent: a value that cannot be written leaves nothing half done.
      const writes = entries.map(([key, entry]) => writeOf(key, entry));
      await Promise.all(writes.map((write) => batch.send(write)));
    },
    async deleteMany(keys) {
      const counts = await Promise.all(groupKeys(keys, slotOf).map(unlink));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Redis drops a key at a whole millisecond, so not before the entry is gone; what is gone already is deleted. */
function writeFor(key: string, value: string | Buffer, lifeMs: number): Write {
  const ttlMs = Math.ceil(lifeMs);
  if (ttlMs > Number.MAX_SAFE_INTEGER) return { type: "set", key, value };
  return ttlMs > 0 ? { type: "set", key, value, ttlMs } : { type: "unlink", keys: [key] };
}
