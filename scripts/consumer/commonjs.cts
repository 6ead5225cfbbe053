import { type Cache, createCache } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { compressed } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";

export const used = [keyvStore, redisStore, compressed(superjsonSerializer), tcpProxy];
export const numbers: Cache<number> = createCache<number>({
  store: tiered({ l1: memoryStore({ maxEntries: 10 }), l2: memoryStore({ maxEntries: 10 }) }),
});

// @ts-expect-error a loader of another type is refused: the types are not `any`
void numbers.getOrSet("1", () => "one");
