import { type CacheStore, decodeEntry, encodeEntry } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import type { Line } from "./line.js";
import type { FirstProcess } from "./protocol.js";

/**
 * A store whose entries are held by the first process, for machines without Redis: what a store for any other
 * service looks like. Values travel and rest as text, in the format that the Redis store writes too.
 */
export function ipcStore(line: Line<FirstProcess>): CacheStore {
  const name = "embedded";
  return {
    name,
    async get(key, now = Date.now()) {
      const data = await line.call("get", key);
      const entry = data === undefined ? undefined : decodeEntry(data, superjsonSerializer, { key });
      return entry === undefined || entry.keepUntil <= now ? undefined : { ...entry, tier: name };
    },
    set: (key, entry) => line.call("set", { key, data: encodeEntry(entry, superjsonSerializer, key) }),
    delete: (key) => line.call("delete", key),
  };
}
