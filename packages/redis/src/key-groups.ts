import { keyPrefixOf, type RedisClient } from "./redis-client.js";
import { slotOf } from "./slot.js";

/** A longer command would keep other clients of a server waiting. */
export const LONGEST_COMMAND = 500;

/** Tells which keys one command may name: those of one slot. */
export type SlotOfKey = (key: string) => number;

/** A cluster refuses a command whose keys live in different slots, a single server takes any. */
export function slotsOf(client: RedisClient): SlotOfKey {
  if (client.isCluster !== true) return () => 0;
  const prefix = keyPrefixOf(client);
  return (key) => slotOf(prefix + key);
}

/** Divides keys into those that one command may name. */
export function groupKeys(keys: readonly string[], slotOfKey: SlotOfKey): readonly string[][] {
  const groups = new Map<number, string[]>();
  for (const key of keys) {
    const slot = slotOfKey(key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [key]);
    else group.push(key);
  }
  return [...groups.values()].flatMap(inCommands);
}

function inCommands(keys: readonly string[]): readonly string[][] {
  const commands: string[][] = [];
  for (let at = 0; at < keys.length; at += LONGEST_COMMAND) commands.push(keys.slice(at, at + LONGEST_COMMAND));
  return commands;
}
