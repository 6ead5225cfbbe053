// jest as it comes: CommonJS.
const { createCache } = require("@granary/core");
const { keyvStore } = require("@granary/keyv");
const { memoryStore } = require("@granary/memory");
const { redisBus, redisStore } = require("@granary/redis");
const { compressed } = require("@granary/serializers");
const { superjsonSerializer } = require("@granary/superjson");
const { manualClock } = require("@granary/testkit");
const { tcpProxy } = require("@granary/testkit/tcp-proxy");
const { tiered } = require("@granary/tiered");

test("every package can be required", () => {
  for (const made of [keyvStore, redisBus, redisStore, compressed, manualClock, tcpProxy]) {
    expect(typeof made).toBe("function");
  }
});

test("a cache over tiers works", async () => {
  const store = tiered({ l1: memoryStore({ maxEntries: 10 }), l2: memoryStore({ maxEntries: 10 }) });
  const cache = createCache({ store });
  expect(await cache.getOrSet(1, () => ({ name: "Ada" }))).toEqual({ name: "Ada" });
  expect(await cache.get("1")).toEqual({ name: "Ada" });
  await expect(cache.set("a", 1, { tll: 1 })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await cache.close();
});

test("what Node has made, in its own realm, is as good as what was made here", async () => {
  expect(structuredClone(new Map()) instanceof Map).toBe(false);
  const cache = createCache({ store: memoryStore({ maxEntries: 10, values: "cloned" }) });
  const failed = [];
  cache.on("loadError", ({ error }) => failed.push(error.message));
  const asMap = () => structuredClone(new Map([["1", { at: new Date(0) }]]));
  expect((await cache.getOrSetMany([1], asMap)).get(1)).toEqual({ at: new Date(0) });
  const asArray = () => [2, structuredClone(new Error("bad"))];
  expect([...(await cache.getOrSetMany([2, 3], asArray))]).toEqual([[2, 2]]);
  expect(failed).toEqual(["bad"]);
  await cache.set("a", 1, { params: structuredClone({ page: 1 }) });
  expect(await cache.get("a", { params: { page: 1 } })).toBe(1);
  const rich = { at: new Date(0), ids: new Map([[1, new Set([2])]]), list: [{ a: 1 }] };
  expect(superjsonSerializer.encode(structuredClone(rich))).toBe(superjsonSerializer.encode(rich));
  await cache.close();
});

test("memory finds the serializer of Redis, in the same realm", async () => {
  class Money {}
  const cache = createCache({ store: memoryStore({ values: "serialized" }) });
  await cache.set("a", { at: new Date(0) });
  expect((await cache.get("a")).at).toBeInstanceOf(Date);
  await expect(cache.set("a", new Money())).rejects.toMatchObject({ code: "INVALID_VALUE" });
  await cache.close();
});

test("superjson is brought along", () => {
  const value = { at: new Date(0), ids: new Map([[1, 7n]]) };
  expect(superjsonSerializer.decode(superjsonSerializer.encode(value))).toEqual(value);
});
