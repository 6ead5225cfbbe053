import { type CacheEntry, type CacheStore, createCache, guarded } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";

/** More than the calls that a guard lets wait: far more in the long form. */
const IS_FULL = process.env["GRANARY_FULL"] === "1";
const COUNT = IS_FULL ? 60_000 : 21_000;
const IDS = Array.from({ length: COUNT }, (_, at) => at);
/** No test may depend on how fast the machine is. */
const PATIENT = { timeout: "60s", breaker: false } as const;

/** A remote table that answers one key at a time, and in a later turn. */
class Table<T> {
  readonly rows = new Map<string, T>();

  /** How many rows are values: the keys of records hold a brace. */
  get values(): number {
    return [...this.rows.keys()].filter((key) => !key.includes("{")).length;
  }

  async call<R>(step: () => R): Promise<R> {
    await new Promise((resolve) => setImmediate(resolve));
    return step();
  }
}

const STORES = {
  "a store of three verbs": () => {
    const table = new Table<CacheEntry>();
    const store: CacheStore = {
      name: "three",
      get: (key) => table.call(() => table.rows.get(key)),
      set: (key, entry) => table.call(() => void table.rows.set(key, entry)),
      delete: (key) => table.call(() => table.rows.delete(key)),
    };
    return { table, store };
  },
  "keyv over an adapter of three verbs": () => {
    const table = new Table<unknown>();
    const adapter = {
      opts: {},
      on: () => {},
      get: (key: string) => table.call(() => table.rows.get(key)),
      set: (key: string, value: unknown) => table.call(() => table.rows.set(key, value)),
      delete: (key: string) => table.call(() => table.rows.delete(key)),
      clear: async () => table.rows.clear(),
    };
    return { table, store: keyvStore(new Keyv({ store: adapter as never })) };
  },
};

const alone = (store: CacheStore): CacheStore => guarded(store, PATIENT);

const PLACES = {
  alone,
  ...(IS_FULL && {
    "as the far tier": (l2: CacheStore) => tiered({ l1: memoryStore({ maxEntries: 2 * COUNT }), l2: alone(l2) }),
  }),
};

describe.each(Object.entries(STORES))(
  "FIELD 27, C45: one call about more ids than calls may wait, over %s",
  (_, make) => {
    test.each(Object.entries(PLACES))(
      "is all done, %s, by each method",
      async (_place, placed) => {
        const { table, store } = make();
        const cache = createCache<number>({ store: placed(store), hardTimeout: "5m", ttl: "1h" });
        const errors: unknown[] = [];
        cache.on("error", ({ error }) => errors.push(error));
        onTestFinished(() => cache.close());
        const load = async (ids: readonly number[]): Promise<number[]> => [...ids];

        expect((await cache.getOrSetMany(IDS, load)).size).toBe(COUNT);
        expect(table.values).toBe(COUNT);
        expect((await cache.getMany(IDS)).size).toBe(COUNT);
        expect(await cache.deleteMany(IDS)).toBe(COUNT);
        expect(table.values).toBe(0);
        expect(await cache.setMany(IDS.map((id) => [id, id]))).toBe(true);
        expect(table.values).toBe(COUNT);
        expect(errors).toEqual([]);
        expect(cache.stats().stores).toMatchObject({ [store.name]: { refused: 0 } });
      },
      300_000,
    );

    test("is all done by refreshes ahead", async () => {
      const { table, store } = make();
      const cache = createCache<number>({
        store: alone(store),
        hardTimeout: "5m",
        ttl: "1h",
        jitter: 0,
        refreshAhead: 1e-9,
      });
      const errors: unknown[] = [];
      cache.on("error", ({ error }) => errors.push(error));
      onTestFinished(() => cache.close());
      const refreshing: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>): void => void refreshing.push(work);

      await cache.setMany(IDS.map((id) => [id, 0]));
      const served = await cache.getOrSetMany(IDS, async (ids) => ids.map(() => 1), { waitUntil });
      expect([...served.values()].every((value) => value === 0)).toBe(true);
      await Promise.all(refreshing);
      expect(refreshing).toHaveLength(COUNT);
      expect([...(await cache.getMany(IDS)).values()].filter((value) => value === 1)).toHaveLength(COUNT);
      expect(table.values).toBe(COUNT);
      expect(errors).toEqual([]);
      expect(cache.stats().stores).toMatchObject({ [store.name]: { refused: 0 } });
    }, 300_000);
  },
);
