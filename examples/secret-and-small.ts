import { type Cache, createCache, type Serializer } from "@granary/core";
import { redisStore } from "@granary/redis";
import { compressed, type EncryptionKey, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import type { Redis } from "ioredis";

export interface Patient {
  readonly name: string;
  readonly born: Date;
  readonly notes: string;
}

/**
 * Small first, then secret: what is encrypted does not compress. The first key writes, all of them read.
 * To rotate, add the new key as the second on every node, then put it first, then drop the old one.
 */
export function secretAndSmall(keys: readonly EncryptionKey[]): Serializer {
  return encrypted(compressed(superjsonSerializer), { keys });
}

export function main(client: Redis, keys: readonly EncryptionKey[]): Cache<Patient> {
  const store = redisStore({ client, serializer: secretAndSmall(keys) });
  return createCache<Patient>({ store, namespace: "patients", ttl: "10m" });
}
