import { keyPrefixOf, type RedisClient } from "./redis-client.js";

/** Keys that Redis says were changed, without the client's prefix, by what they are to a cache. */
export interface TrackedKeys {
  readonly values: readonly string[];
  /** The records of namespaces. */
  readonly records: readonly string[];
}

/** Sorts the keys of one message of Redis. */
export type SortKeys = (keys: readonly Uint8Array[]) => TrackedKeys;

/**
 * Values and records among the keys that begin with `prefix`; leases are left out, which change with every load and
 * concern nobody here, and tags, whose record changes with them. No key of a value holds a brace, so none is taken for one of the others.
 */
export function sortKeys(client: RedisClient, prefix: string): SortKeys {
  const skipped = Buffer.byteLength(keyPrefixOf(client));
  const [lease, record, tags] = ["lease", "generation", "tags"].map((kind) => Buffer.from(`${prefix}:${kind}:{`)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  return (keys) => {
    const [values, records]: [string[], string[]] = [[], []];
    for (const bytes of keys) {
      const key = Buffer.from(bytes.buffer, bytes.byteOffset + skipped, bytes.byteLength - skipped);
      // As bytes: in a busy fleet two of three keys are leases, which are not worth a string.
      if (beginsWith(key, lease) || beginsWith(key, tags)) continue;
      (beginsWith(key, record) ? records : values).push(key.toString());
    }
    return { values, records };
  };
}

function beginsWith(key: Buffer, start: Buffer): boolean {
  return key.length >= start.length && key.compare(start, 0, start.length, 0, start.length) === 0;
}
