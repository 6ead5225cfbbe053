import { type CacheBus, type CacheStore, createCache, guarded, warmUp } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import KeyvRedis from "@keyv/redis";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { ownRedis } from "./support/own-redis.js";
import { ownName } from "./support/redis-client.js";

/** More than the calls that a guard lets wait: far more in the long form. */
const IS_FULL = process.env["GRANARY_FULL"] === "1";
const COUNT = IS_FULL ? 60_000 : 21_000;
const IDS = Array.from({ length: COUNT }, (_, at) => at);
/** No test may depend on how fast the machine is. */
const PATIENT = { timeout: "60s", breaker: false } as const;

const own = ownRedis();

function redis(): CacheStore {
  const client = new Redis(own.server.url, { db: 0 });
  onTestFinished(() => client.disconnect());
  return redisStore({ client });
}

function keyv(): CacheStore {
  const adapter = new KeyvRedis(own.server.url);
  onTestFinished(async () => {
    await adapter.disconnect();
  });
  return keyvStore(new Keyv({ store: adapter }), { name: "redis" });
}

const tiers = (l2: CacheStore): CacheStore =>
  tiered({ l1: memoryStore({ maxEntries: 2 * COUNT }), l2: guarded(l2, PATIENT) });

/** Tiers whose bus begins to listen, and so tells a gap, while far is read for the first time. */
function tiersWithGap(): CacheStore {
  const l2 = guarded(redis(), PATIENT);
  const { many } = l2;
  if (many === undefined) throw new Error("Redis reads many keys at once.");
  let tellGap: (() => void) | undefined;
  const bus: CacheBus = {
    name: "late",
    publish: () => {},
    subscribe: (listener) => {
      tellGap = () => listener.gap();
      return () => {};
    },
  };
  const get: typeof many.get = async (...read) => {
    const found = await many.get(...read);
    tellGap?.();
    tellGap = undefined;
    return found;
  };
  return tiered({ l1: memoryStore({ maxEntries: 2 * COUNT }), l2: { ...l2, many: { ...many, get } }, bus });
}

const STORES = {
  redis: () => guarded(redis(), PATIENT),
  "tiers whose bus begins to listen meanwhile": tiersWithGap,
  keyv: () => guarded(keyv(), PATIENT),
  ...(IS_FULL && { "tiered keyv": () => tiers(keyv()) }),
};

function opened(store: CacheStore) {
  const cache = createCache<number>({ namespace: ownName(), store, hardTimeout: "5m", ttl: "1h" });
  const errors: unknown[] = [];
  cache.on("error", ({ error }) => errors.push(error));
  onTestFinished(() => cache.close());
  return { cache, errors, refused: () => Object.values(cache.stats().stores).map(({ refused }) => refused) };
}

describe.each(Object.entries(STORES))(
  "FIELD 27, C45: one call about more ids than calls may wait, over %s",
  (_name, make) => {
    test("is all done, by each method", async () => {
      await own.admin.flushdb();
      const { cache, errors, refused } = opened(make());
      const held = async (): Promise<number> => (await own.admin.keys("*granary:v1:test-*:[0-9]*")).length;

      expect((await cache.getOrSetMany(IDS, async (ids) => ids.map(Number))).size).toBe(COUNT);
      expect(await held()).toBe(COUNT);
      expect((await cache.getMany(IDS)).size).toBe(COUNT);
      expect(await cache.deleteMany(IDS)).toBe(COUNT);
      expect(await held()).toBe(0);
      expect(await cache.setMany(IDS.map((id) => [id, id]))).toBe(true);
      expect(await held()).toBe(COUNT);
      await cache.clear();
      const loaded = await warmUp(cache, IDS, { batchSize: COUNT, loadMany: async (ids) => ids.map(Number) });
      expect(loaded.found).toBe(COUNT);
      expect(await cache.invalidateTags(...IDS.map((id) => `tag:${id}`))).toBe(true);
      expect({ errors, refused: refused() }).toEqual({ errors: [], refused: [0] });
    }, 300_000);
  },
);
