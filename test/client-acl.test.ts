import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ownRedis } from "./support/own-redis.js";
import { ownName } from "./support/redis-client.js";

const own = ownRedis();

/** A client whose user may do what `rules` say, and a cache on it with all that it told of errors. */
async function cacheOf(rules: readonly string[], { bus = false } = {}) {
  const [username, namespace] = [ownName(), ownName()];
  await own.admin.call("ACL", "SETUSER", username, "on", "nopass", "~*", ...rules);
  const client = new Redis(own.server.url, { username, password: "any" });
  const l2 = redisStore({ client });
  const store = tiered({
    l1: memoryStore({ maxEntries: 100 }),
    l2,
    l2Timeout: "1m",
    ...(bus && { bus: redisBus({ client }) }),
  });
  const cache = createCache<unknown>({ namespace, store });
  const [errors, states]: [unknown[], string[]] = [[], []];
  cache.on("error", ({ error }) => errors.push(error));
  cache.on("breaker", ({ state }) => states.push(state));
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  const held = (id: string) => own.admin.get(`granary:v1:${namespace}:${id}`);
  return { cache, client, errors, states, held };
}

describe("FIELD 28, C42: the user of the client", () => {
  test("may not publish: what is loaded is stored all the same, and no breaker opens", async () => {
    const { cache, errors, states, held } = await cacheOf(["+@all", "resetchannels"]);
    const stored: boolean[] = [];
    cache.on("load", ({ stored: isStored }) => stored.push(isStored));
    for (let at = 0; at < 10; at += 1) await cache.getOrSet(`k${at}`, async () => at);
    expect(await held("k9")).toContain("9");
    expect({ stored, errors, states }).toEqual({ stored: Array(10).fill(true), errors: [], states: [] });
  });

  test("may not publish: who waits for another node's load is given its value", async () => {
    const [{ client }, name] = [await cacheOf(["+@all", "resetchannels"]), ownName()];
    const nodes = [0, 1].map(() => createCache({ namespace: name, store: redisStore({ client }) }));
    onTestFinished(async () => {
      for (const node of nodes) await node.close();
    });
    const origin = deferred();
    const loads = vi.fn(() => origin.promise);
    const all = nodes.map((node) => node.getOrSet("k", loads));
    await vi.waitFor(() => expect(loads).toHaveBeenCalled());
    origin.resolve("loaded");
    expect(await Promise.all(all)).toEqual(["loaded", "loaded"]);
    expect(loads).toHaveBeenCalledTimes(1);
  });

  test.each([
    { title: "run scripts", rules: ["+@all", "-eval", "-evalsha"], missing: "+evalsha" },
    { title: "ask for the time", rules: ["+@all", "-time"], missing: "+time" },
  ])("may not $title: each change is refused with the rule to write, and reads go on", async ({ rules, missing }) => {
    const { cache, errors, states } = await cacheOf(rules);
    for (let at = 0; at < 10; at += 1) await cache.delete(`k${at}`);
    expect(await cache.getOrSet("k", async () => 1)).toBe(1);
    expect(await cache.get("other")).toBeUndefined();
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining(missing) });
    }
    expect(states).toEqual([]);
  });

  test("may do what a refusal names, and nothing else: that is enough for every call", async () => {
    const refused = await cacheOf(["+@all", "-evalsha"]);
    await refused.cache.delete("k");
    const named = /What is needed: ~\S+ (.+)\.$/.exec(String(refused.errors[0]))?.[1]?.split(" ") ?? [];
    expect(named.length).toBeGreaterThan(10);
    // For the ready check of ioredis, and the watch for a failover.
    const { cache, errors } = await cacheOf(["-@all", "resetchannels", ...named, "+subscribe", "+info"]);
    const child = cache.namespace("child");
    await cache.set("k", 1, { tags: ["a", "b"] });
    await cache.setMany([["l", 2]], { tags: ["c"] });
    await child.set("k", 3, { ttl: Number.POSITIVE_INFINITY });
    await cache.invalidateTags("b");
    await cache.invalidateTags("a");
    expect(await cache.getMany(["k", "l"])).toEqual(new Map([["l", 2]]));
    expect(await cache.expire("l")).toBe(true);
    expect(await cache.getOrSet("m", async () => 4)).toBe(4);
    expect(await cache.invalidatePattern("m*")).toBe(1);
    expect(await cache.delete("m")).toBe(false);
    expect(await child.get("k")).toBe(3);
    await cache.clear();
    expect(await child.get("k")).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test("may not use the channel of a bus: that is told once by who says and who hears, with the rule to write", async () => {
    const { cache, errors, states } = await cacheOf(["+@all", "resetchannels"], { bus: true });
    for (let at = 0; at < 10; at += 1) await cache.set(`k${at}`, at);
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0));
    expect(new Set(errors.map(String))).toEqual(new Set([expect.stringContaining("&granary:bus")]));
    expect(errors.length).toBeLessThanOrEqual(2);
    expect(states).toEqual([]);
  });
});

function deferred() {
  let resolve: (value: string) => void = () => {};
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
