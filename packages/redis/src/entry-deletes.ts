import { groupKeys, type SlotOfKey } from "./key-groups.js";
import { type LeaseKey } from "./lease-key.js";
import type { WriteBatch } from "./write-batch.js";

/** What deletions of entries need. */
export interface EntryDeletesParts {
  readonly batch: WriteBatch;
  readonly slotOf: SlotOfKey;
  readonly leaseKey: LeaseKey;
}

/** Deletes entries, with their leases. Resolves to whether each was there, in their order. */
export type RemoveEntries = (keys: readonly string[]) => Promise<readonly boolean[]>;

export function entryDeletes({ batch, slotOf, leaseKey }: EntryDeletesParts): RemoveEntries {
  const send = async (values: readonly string[]): Promise<string[]> => {
    const leases = values.flatMap((key) => leaseKey(key) ?? []);
    const counts = await batch.send({ step: "delete", keys: [...values, ...leases], args: [values.length] });
    // A client may be set to give numbers as text.
    return values.filter((_, index) => Number((counts as readonly unknown[])[index]) > 0);
  };
  return async (keys) => {
    const removed = await Promise.all(groupKeys(keys, slotOf).map(send));
    const existed = new Set(removed.flat());
    return keys.map((key) => existed.delete(key));
  };
}
