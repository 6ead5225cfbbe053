import { type Cache, createCache } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { type RedisTiers, redisTiers } from "@granary/redis-tiers";
import { compressed } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import Keyv from "keyv";

interface User {
  readonly name: string;
}

const client = new Redis();
const store = tiered({
  l1: memoryStore({ maxEntries: 10 }),
  l2: redisStore({ client, serializer: compressed(superjsonSerializer, { algorithm: "brotli" }) }),
  bus: redisBus({ client }),
});

export const users: Cache<User> = createCache<User>({ store });
export const user: User = await users.getOrSet("1", () => ({ name: "Ada" }));
export const tiers: RedisTiers = redisTiers({ client, maxEntries: 10 });
export const others = createCache<number>({ store: keyvStore(new Keyv()) });

// @ts-expect-error a loader of another type is refused: the types are not `any`
await users.getOrSet("1", () => ({ name: 1 }));
