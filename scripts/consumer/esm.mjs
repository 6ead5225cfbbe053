import assert from "node:assert/strict";
import { createCache } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { redisTiers } from "@granary/redis-tiers";
import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import * as testkit from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";

const cache = createCache({ store: memoryStore({ maxEntries: 10 }) });
assert.deepEqual(await cache.getOrSet(1, () => ({ name: "Ada" })), { name: "Ada" });
assert.deepEqual(await cache.get("1"), { name: "Ada" });
await cache.close();

const serialized = createCache({ store: memoryStore({ values: "serialized" }) });
await serialized.set("a", { at: new Date(0) });
assert.deepEqual(await serialized.get("a"), { at: new Date(0) });
await serialized.close();

assert.equal(superjsonSerializer.decode(superjsonSerializer.encode(7n)), 7n);
const keys = [{ name: "2026", key: new Uint8Array(32) }];
const sealed = encrypted(compressed(superjsonSerializer), { keys });
assert.equal(sealed.decode(sealed.encode(7n)), 7n);
const client = new Redis({ lazyConnect: true });
const tiers = redisTiers({ client, maxEntries: 10 });
assert.deepEqual([tiers.l1.name, tiers.l2.name, typeof tiers.bus.publish], ["memory", "redis", "function"]);
client.disconnect();

for (const made of [keyvStore, redisStore, tcpProxy, tiered]) assert.equal(typeof made, "function");
assert.ok(Object.keys(testkit).length > 0);
