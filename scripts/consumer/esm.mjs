import assert from "node:assert/strict";
import { createCache } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { superjsonSerializer } from "@granary/superjson";
import * as testkit from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";

const cache = createCache({ store: memoryStore({ maxEntries: 10 }) });
assert.deepEqual(await cache.getOrSet(1, () => ({ name: "Ada" })), { name: "Ada" });
assert.deepEqual(await cache.get("1"), { name: "Ada" });
await cache.close();

assert.equal(superjsonSerializer.decode(superjsonSerializer.encode(7n)), 7n);
for (const made of [keyvStore, redisStore, tcpProxy, tiered]) assert.equal(typeof made, "function");
assert.ok(Object.keys(testkit).length > 0);
