import { type Cache, type CacheEntry, type CacheStore, createCache, guarded } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import Keyv from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { ownName, redisClient } from "./support/redis-client.js";

test("C7: what was made stale on Redis is never given as fresh by a read after it", async () => {
  const client = redisClient();
  onTestFinished(() => client.disconnect());
  const cache = createCache<number>({
    store: guarded(redisStore({ client }), { timeout: "1m" }),
    namespace: ownName(),
    staleIfError: "1h",
  });
  onTestFinished(() => cache.close());
  const ids = Array.from({ length: 200 }, (_, at) => at);
  const given: (number | undefined)[] = [];
  for (const id of ids) {
    await cache.set(id, id);
    await cache.expire(id);
    given.push(await cache.get(id));
  }
  expect(given).toEqual(ids.map(() => undefined));
  expect((await cache.entry(7))?.value).toBe(7);
});

/** So many turns of promises lie between the beginnings of two calls. */
const MOST_TURNS = 12;

function threeVerbs(): CacheStore {
  const held = new Map<string, CacheEntry>();
  return {
    name: "three verbs",
    get: async (key) => held.get(key),
    set: async (key, entry) => void held.set(key, entry),
    delete: async (key) => held.delete(key),
  };
}

describe.each([
  ["memory", () => memoryStore()],
  ["a store of three verbs", threeVerbs],
  ["Keyv", () => keyvStore(new Keyv())],
  ["tiers over Keyv", () => tiered({ l1: memoryStore(), l2: keyvStore(new Keyv()) })],
] as const)("C17: what is invalidated while it is made stale is never served by staleIfError in %s", (_name, open) => {
  test.each([
    ["clear", (cache: Cache<string>) => cache.clear()],
    ["tag", (cache: Cache<string>) => cache.invalidateTags("t")],
  ] as const)("by a %s", async (_how, invalidate) => {
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      for (const isFirst of [true, false]) {
        const cache = createCache<string>({ store: open(), staleIfError: "1h" });
        await cache.set("k", "old", { tags: ["t"] });
        const [expiring, invalidating] = [() => cache.expire("k"), () => invalidate(cache)];
        await Promise.all(
          isFirst ? [expiring(), later(turns, invalidating)] : [invalidating(), later(turns, expiring)],
        );
        await expect(cache.getOrSet("k", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
        await cache.close();
      }
    }
  });
});

async function later(turns: number, call: () => Promise<unknown>): Promise<unknown> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return call();
}
