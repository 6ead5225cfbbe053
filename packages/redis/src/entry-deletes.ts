import { scopeMarkKey, scopesOf } from "@granary/core";
import { instantText } from "./instant-text.js";
import { groupKeys, type SlotOfKey } from "./key-groups.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { WriteBatch } from "./write-batch.js";

export interface EntryDeletesParts {
  readonly batch: WriteBatch;
  readonly slotOf: SlotOfKey;
  readonly leaseKey: LeaseKey;
  /** Whether keys of different slots are on different servers. */
  readonly isCluster: boolean;
  /** The time of a test, in place of the server's. */
  readonly givenNow: (() => number) | undefined;
}

/** Deletions of entries, with their leases. */
export interface EntryDeletes {
  /** Resolves to whether each was there, in their order. */
  remove(keys: readonly string[], at?: number): Promise<readonly boolean[]>;
  /** Deletes under the lease that `token` stands for; whether it still did. */
  removeUnder(key: string, token: string): Promise<boolean>;
}

/**
 * A namespace remembers when something in it was last deleted, so that a node which could not write a value does not
 * write it when somebody may have deleted it since. On a cluster that mark lives elsewhere than the keys: it is told first.
 */
export function entryDeletes({ batch, slotOf, leaseKey, isCluster, givenNow }: EntryDeletesParts): EntryDeletes {
  const nowText = (): string => (givenNow === undefined ? "" : instantText(givenNow()));
  const send = async (values: readonly string[], marks: readonly string[], at: number): Promise<string[]> => {
    const leases = values.flatMap((key) => leaseKey(key) ?? []);
    const args = [values.length, leases.length, instantText(at), nowText()];
    const counts = await batch.send({ step: "delete", keys: [...values, ...leases, ...marks], args });
    // A client may be set to give numbers as text.
    return values.filter((_, index) => Number((counts as readonly unknown[])[index]) > 0);
  };
  const bury = async (keys: readonly string[], at = Number.NEGATIVE_INFINITY): Promise<void> => {
    await Promise.all(deletionMarks(keys).map((mark) => send([], [mark], at)));
  };
  return {
    async remove(keys, at = Number.NEGATIVE_INFINITY) {
      if (isCluster) await bury(keys, at);
      const groups = groupKeys(keys, slotOf);
      const removed = await Promise.all(groups.map((group) => send(group, isCluster ? [] : deletionMarks(group), at)));
      const existed = new Set(removed.flat());
      return keys.map((key) => existed.delete(key));
    },
    async removeUnder(key, token) {
      if (isCluster) await bury([key]);
      const keys = [...withLease(key, leaseKey), ...(isCluster ? [] : deletionMarks([key]))];
      return Number(await batch.send({ step: "fill", keys, args: [token, "", "", key, nowText()] })) === 1;
    },
  };
}

/** The marks of the namespaces that `keys` are in. A key that no cache made is in none. */
export function deletionMarks(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.flatMap((key) => scopesOf(key).at(-1) ?? []))].map(scopeMarkKey);
}
