import { keyPrefixOf, type RedisClient } from "./redis-client.js";

/**
 * Names the lease of a key: beside it, and on a cluster in its slot, which braces make the hash of what they enclose.
 * The client puts its prefix before every key, so the braces have to enclose that too; a key of a cache holds none.
 */
export function leaseKeys(client: RedisClient): (key: string) => string {
  const prefix = keyPrefixOf(client);
  return (key) => `{${prefix}${key}}:lease`;
}
