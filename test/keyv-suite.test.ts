import { type CacheStore, createCache, guarded } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import type { Redis } from "ioredis";
import { Keyv } from "keyv";
import * as vitest from "vitest";
import { ownName, redisClient } from "./support/redis-client.js";

/*
 * The suite by which Keyv 5 judges its own adapters. Each test asks for several adapters, all over one cache. It knows no
 * outage, so an answer that a busy machine delays is waited for.
 */
vitest.describe.each<readonly [name: string, open: (client: Redis) => CacheStore]>([
  ["Redis", (client) => guarded(redisStore({ client }), { timeout: "1m" })],
  [
    "memory over Redis",
    (client) =>
      tiered({
        l1: memoryStore(),
        l2: redisStore({ client }),
        bus: redisBus({ client, channel: ownName() }),
        l2Timeout: "1m",
      }),
  ],
])("FIELD 39: the suite of Keyv 5, over a cache on %s", (_name, open) => {
  const client = redisClient();
  const cache = createCache<unknown>({ store: open(client) });
  vitest.afterAll(async () => {
    await cache.close();
    client.disconnect();
  });

  keyvTestSuite(vitest, Keyv, () => toKeyv(cache));
  keyvIteratorTests(vitest, Keyv, () => toKeyv(cache));
});
