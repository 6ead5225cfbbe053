import { keyPrefixOf, type RedisClient } from "./redis-client.js";
import { slotOf } from "./slot.js";

/** A longer command would keep other clients of a server waiting. */
const LONGEST_COMMAND = 500;

/** Divides keys into those that one command may name. */
export type GroupKeys = (keys: readonly string[]) => readonly string[][];

/** A cluster refuses a command whose keys live in different slots, a single server takes any. */
export function keyGroups(client: RedisClient): GroupKeys {
  if (client.isCluster !== true) return inCommands;
  const prefix = keyPrefixOf(client);
  return (keys) => bySlot(prefix, keys).flatMap(inCommands);
}

function bySlot(prefix: string, keys: readonly string[]): readonly string[][] {
  const groups = new Map<number, string[]>();
  for (const key of keys) {
    const slot = slotOf(prefix + key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [key]);
    else group.push(key);
  }
  return [...groups.values()];
}

function inCommands(keys: readonly string[]): readonly string[][] {
  const commands: string[][] = [];
  for (let at = 0; at < keys.length; at += LONGEST_COMMAND) commands.push(keys.slice(at, at + LONGEST_COMMAND));
  return commands;
}
