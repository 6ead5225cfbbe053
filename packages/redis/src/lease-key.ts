import { keyPrefixOf, type RedisClient } from "./redis-client.js";
import { slotOf } from "./slot.js";

/** Names the lease of a key; `undefined` where a cluster would not keep the two together. */
export type LeaseKey = (key: string) => string | undefined;

/** What a step about the value of `key` names: the key, and its lease where it can have one. */
export function withLease(key: string, leaseKey: LeaseKey): string[] {
  const lease = leaseKey(key);
  return lease === undefined ? [key] : [key, lease];
}

/**
 * The lease of a key begins as the key does, so that a rule about keys of values covers it, and lives on a cluster in
 * its slot, which braces make the hash of what they enclose. The client puts its prefix before every key, so they have
 * to enclose that too. A key of a value holds no brace, unless somebody else than a cache made it.
 */
export function leaseKeys(client: RedisClient): LeaseKey {
  const prefix = keyPrefixOf(client);
  const leaseOf = (key: string): string => `${key.slice(0, key.indexOf(":"))}:lease:{${prefix}${key}}`;
  if (client.isCluster !== true) return leaseOf;
  return (key) => {
    const lease = leaseOf(key);
    return slotOf(prefix + lease) === slotOf(prefix + key) ? lease : undefined;
  };
}
