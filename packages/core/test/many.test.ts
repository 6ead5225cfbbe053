import { type CacheEntry, createCache, type Id, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

const down = new Error("down");

describe("many reads", () => {
  it("give what is fresh, under the ids that were asked for", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1m" });
    await cache.setMany([
      ["a", 1],
      [2, 2],
      ["c", 3],
    ]);
    await cache.set("old", 4, { ttl: "1s" });
    await clock.advance(1_000);
    const values = await cache.getMany(["a", "2", 2, "missing", "old"]);
    expect([...values]).toEqual([
      ["a", 1],
      ["2", 2],
      [2, 2],
    ]);
    expect(cache.stats()).toMatchObject({ gets: 5, hits: 3, misses: 2 });
    expect(await cache.getMany([])).toEqual(new Map());
  });

  it("load what is missing by one call, as a map or in the order of the ids", async () => {
    const { cache } = stillCache<string>();
    await cache.set("b", "stored");
    const asked: Id[][] = [];
    const asMap = await cache.getOrSetMany(["a", "b", "c", "a"], (ids) => {
      asked.push([...ids]);
      return new Map(ids.map((id) => [id, `loaded ${id}`]));
    });
    expect(asMap).toEqual(
      new Map([
        ["a", "loaded a"],
        ["b", "stored"],
        ["c", "loaded c"],
      ]),
    );
    const asArray = await cache.getOrSetMany(["d", "e", "a"], async (ids) => {
      asked.push([...ids]);
      return ids.map((id) => (id === "e" ? undefined : `loaded ${id}`));
    });
    expect(asArray).toEqual(
      new Map([
        ["d", "loaded d"],
        ["a", "loaded a"],
      ]),
    );
    expect(asked).toEqual([
      ["a", "c"],
      ["d", "e"],
    ]);
    expect(await cache.getMany(["a", "c", "d", "e"])).toEqual(
      new Map([
        ["a", "loaded a"],
        ["c", "loaded c"],
        ["d", "loaded d"],
      ]),
    );
    await cache.getOrSetMany(["a", "b"], () => expect.fail("nothing is missing"));
  });

  it("fail where the loader fails, and for one id alone where it says so", async () => {
    const { cache } = stillCache<number>();
    await expect(cache.getOrSetMany(["a", "b"], () => Promise.reject(down))).rejects.toBe(down);
    await expect(cache.getOrSetMany(["a"], () => [] as number[])).rejects.toMatchObject({ code: "LOAD_FAILED" });
    await expect(cache.getOrSetMany(["a"], () => 5 as never)).rejects.toMatchObject({ code: "LOAD_FAILED" });
    const failed: string[] = [];
    cache.on("loadError", ({ key }) => failed.push(key));
    expect(await cache.getOrSetMany(["a", "b", "c"], () => [1, down, 3])).toEqual(
      new Map([
        ["a", 1],
        ["c", 3],
      ]),
    );
    expect(failed).toEqual(["granary:v1:default:b"]);
    expect(await cache.getMany(["a", "b", "c"])).toEqual(
      new Map([
        ["a", 1],
        ["c", 3],
      ]),
    );
  });

  it("join flights, and are joined, in both directions", async () => {
    const { cache } = stillCache<string>();
    const [single, batch] = [gate<string>(), gate()];
    let loads = 0;
    const one = cache.getOrSet("a", () => ((loads += 1), single.promise));
    await nextTurn();
    const many = cache.getOrSetMany(["a", "b"], async (ids) => {
      loads += ids.length;
      await batch.promise;
      return ids.map((id) => `batch ${id}`);
    });
    await nextTurn();
    const other = cache.getOrSet("b", () => expect.fail("b is being loaded"));
    const overlapping = cache.getOrSetMany(["b", "a"], () => expect.fail("both are being loaded"));
    single.open("single a");
    batch.open();
    expect(await one).toBe("single a");
    expect(await many).toEqual(
      new Map([
        ["a", "single a"],
        ["b", "batch b"],
      ]),
    );
    expect(await other).toBe("batch b");
    expect(await overlapping).toEqual(
      new Map([
        ["b", "batch b"],
        ["a", "single a"],
      ]),
    );
    expect(loads).toBe(2);
  });

  it("of a thousand callers load each id once", async () => {
    const { cache } = stillCache<number>();
    const loaded = new Map<Id, number>();
    const load = async (ids: readonly Id[]): Promise<number[]> => {
      for (const id of ids) loaded.set(id, (loaded.get(id) ?? 0) + 1);
      return ids.map(Number);
    };
    const calls = Array.from({ length: 1_000 }, (_, at) => cache.getOrSetMany([at % 7, at % 11, 5], load));
    await Promise.all(calls);
    expect(loaded.size).toBe(11);
    expect([...loaded.values()]).toEqual(Array(11).fill(1));
  });

  it("serve stale as the policy allows, and refresh behind by one call", async () => {
    const { cache, clock } = stillCache<string>({ ttl: "1s", staleWhileRevalidate: "1m" });
    await cache.setMany([
      ["a", "old"],
      ["b", "old"],
    ]);
    await clock.advance(1_000);
    let calls = 0;
    const load = (ids: readonly Id[]): string[] => {
      calls += 1;
      return ids.map(() => "new");
    };
    expect(await cache.getOrSetMany(["a", "b", "c"], load)).toEqual(
      new Map([
        ["a", "old"],
        ["b", "old"],
        ["c", "new"],
      ]),
    );
    await nextTurn();
    expect(await cache.getMany(["a", "b"])).toEqual(
      new Map([
        ["a", "new"],
        ["b", "new"],
      ]),
    );
    expect(calls).toBe(1);
  });

  it("serve stale where the load fails", async () => {
    const { cache, clock } = stillCache<string>({ ttl: "1s", staleIfError: "1m" });
    await cache.set("a", "old");
    await clock.advance(1_000);
    expect(await cache.getOrSetMany(["a"], () => Promise.reject(down))).toEqual(new Map([["a", "old"]]));
    await clock.advance(10_000);
    await expect(cache.getOrSetMany(["a", "b"], () => Promise.reject(down))).rejects.toBe(down);
  });

  it("take ttl and tags from the loader, and are void after an invalidation", async () => {
    const { cache } = stillCache<number>();
    await cache.getOrSetMany(["a", "b"], (ids, { setTtl, setTags }) => {
      setTtl("7s");
      setTags(["x"]);
      return ids.map(() => 1);
    });
    expect(await cache.ttl("b")).toBe(7_000);
    await cache.invalidateTags("x");
    expect(await cache.getMany(["a", "b"])).toEqual(new Map());
    const loading = gate();
    const call = cache.getOrSetMany(["a", "b"], async (ids) => {
      await loading.promise;
      return ids.map(() => 1);
    });
    await nextTurn();
    await cache.delete("a");
    loading.open();
    expect(await call).toEqual(
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
    );
    expect(await cache.getMany(["a", "b"])).toEqual(new Map([["b", 1]]));
  });

  it("abort their load when every caller has left", async () => {
    const { cache } = stillCache<number>();
    const leaver = new AbortController();
    let signal: AbortSignal | undefined;
    const call = cache.getOrSetMany(
      ["a", "b"],
      (_, context) => ((signal = context.signal), new Promise<never>(() => {})),
      {
        signal: leaver.signal,
      },
    );
    const left = Promise.allSettled([call]);
    await nextTurn();
    expect(signal?.aborted).toBe(false);
    leaver.abort("enough");
    expect(await left).toEqual([{ status: "rejected", reason: "enough" }]);
    await nextTurn();
    expect(signal?.aborted).toBe(true);
  });
});

describe("many writes", () => {
  it("store all or, where one does not fit, none", async () => {
    const { cache } = stillCache<number | undefined>();
    expect(
      await cache.setMany(
        new Map([
          ["a", 1],
          ["b", 2],
        ]),
      ),
    ).toBe(true);
    expect(
      await cache.setMany([
        ["a", 3],
        ["b", undefined],
        ["a", 4],
      ]),
    ).toBe(false);
    expect(await cache.getMany(["a", "b"])).toEqual(new Map([["a", 4]]));
    expect(await cache.setMany([])).toBe(true);
  });

  it("delete what is there, and count it", async () => {
    const { cache } = stillCache<number>();
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ]);
    expect(await cache.deleteMany(["a", "b", "c"])).toBe(2);
    expect(await cache.deleteMany([])).toBe(0);
    expect(cache.stats()).toMatchObject({ sets: 2, deletes: 3 });
  });
});

describe("a pattern", () => {
  it("takes the ids that match, with their params, and no child's", async () => {
    const { cache } = stillCache<number>();
    const child = cache.namespace("child");
    const ids = ["user:1", "user:22", "user", "{user}:1", "team:1", "100%", "a*b", "axb", "what?"];
    const refill = async (): Promise<void> => {
      await cache.setMany(ids.map((id) => [id, 1]));
      await cache.set("user:1", 2, { params: { page: 1 } });
      await child.set("user:1", 3);
    };
    const cases: Array<[string, number]> = [
      ["user:*", 3],
      ["user:?", 1],
      ["user:1", 1],
      ["*", 10],
      ["{user}*", 1],
      ["100%", 1],
      ["a\\*b", 1],
      ["a*b", 2],
      ["what\\?", 1],
      ["none", 0],
      ["", 0],
    ];
    for (const [pattern, deleted] of cases) {
      await refill();
      expect([pattern, await cache.invalidatePattern(pattern)]).toEqual([pattern, deleted]);
      expect(await child.get("user:1")).toBe(3);
    }
  });

  it("tells of its progress, and stops where it is told to", async () => {
    const { cache } = stillCache<number>({ store: memoryStore({ maxEntries: 20_000 }) });
    await cache.setMany(Array.from({ length: 5_000 }, (_, at) => [at, at]));
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = (deleted: number): void => {
      if (seen.push(deleted) === 2) stop.abort("enough");
    };
    await expect(cache.invalidatePattern("*", { signal: stop.signal, onProgress })).rejects.toBe("enough");
    expect(seen).toHaveLength(2);
    expect(await cache.invalidatePattern("*")).toBe(5_000 - (seen[1] ?? 0));
  });

  it("is refused clearly where a store cannot walk its keys, or it is no text", async () => {
    const map = new Map();
    const store = {
      name: "map",
      get: (key: string) => map.get(key),
      set: (key: string, entry: unknown) => void map.set(key, entry),
      delete: (key: string) => map.delete(key),
    };
    const cache = createCache<number>({ store });
    await expect(cache.invalidatePattern("*")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(cache.invalidatePattern(/x/ as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  it("has siblings that walk: keys and entries", async () => {
    const { cache } = stillCache<number>();
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ]);
    await cache.namespace("child").set("c", 3);
    const keys: string[] = [];
    for await (const { key } of cache.keys()) keys.push(key);
    expect(keys.sort()).toEqual(["granary:v1:default:a", "granary:v1:default:b"]);
    const values: number[] = [];
    for await (const {
      entry: { value },
    } of cache.entries())
      values.push(value);
    expect(new Set(values)).toEqual(new Set([1, 2]));
  });

  it("gives each key once, and none of another namespace, whatever the store walks through", async () => {
    const memory = memoryStore();
    const [a, b] = ["granary:v1:default:a", "granary:v1:default:b"] as const;
    async function* walk(): AsyncGenerator<readonly string[]> {
      yield [a, a, "granary:v1:other:c"];
      yield [b, a];
    }
    const cache = createCache<number>({ store: { ...memory, walk } });
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ]);
    await createCache<number>({ store: memory, namespace: "other" }).set("c", 3);
    const keys: string[] = [];
    for await (const { key } of cache.keys()) keys.push(key);
    expect(keys).toEqual([a, b]);
    const entries: unknown[] = [];
    for await (const {
      key,
      entry: { value },
    } of cache.entries())
      entries.push([key, value]);
    expect(entries).toEqual([
      [a, 1],
      [b, 2],
    ]);
  });

  it("reads entries in batches of a bounded size, each when somebody comes to it", async () => {
    const memory = memoryStore();
    const [batches, singles]: [number[], string[]] = [[], []];
    const get = (key: string): CacheEntry | undefined => {
      singles.push(key);
      return memory.get(key);
    };
    const getMany = (keys: readonly string[]): Array<CacheEntry | undefined> => {
      batches.push(keys.length);
      return memory.many.get(keys);
    };
    const cache = createCache<number>({ store: { ...memory, get, many: { ...memory.many, get: getMany } } });
    const ids = Array.from({ length: 1_700 }, (_, at) => at);
    await cache.setMany(ids.map((id) => [id, id]));
    const seen: number[] = [];
    for await (const {
      entry: { value },
    } of cache.entries()) {
      if (seen.push(value) === 1) expect(batches).toEqual([500]);
    }
    expect(seen.toSorted((one, other) => one - other)).toEqual(ids);
    expect(batches).toEqual([500, 500, 500, 200]);
    expect(singles).toEqual([]);
  });
});

describe("a warm-up", () => {
  it("loads what is missing in batches, and tells how far it is", async () => {
    const { cache } = stillCache<number>();
    await cache.set(3, 3);
    const batches: number[] = [];
    const progress: number[] = [];
    const ids = Array.from({ length: 25 }, (_, at) => at);
    const loadMany = async (missing: readonly Id[]): Promise<Array<number | undefined>> => {
      batches.push(missing.length);
      return missing.map((id) => (id === 7 ? undefined : Number(id)));
    };
    const options = {
      loadMany,
      batchSize: 10,
      concurrency: 2,
      onProgress: ({ done }: { done: number }) => progress.push(done),
    };
    expect(await warmUp(cache, ids, options)).toEqual({ done: 25, found: 24 });
    expect(new Set(batches)).toEqual(new Set([9, 10, 5]));
    expect(progress.at(-1)).toBe(25);
    expect(await warmUp(cache, ids, { ...options, loadMany: (missing) => missing.map(() => undefined) })).toEqual({
      done: 25,
      found: 24,
    });
  });

  it("never has more calls under way than it may", async () => {
    const { cache } = stillCache<number>();
    let [running, most] = [0, 0];
    const loadMany = async (ids: readonly Id[]): Promise<number[]> => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
      return ids.map(Number);
    };
    await warmUp(
      cache,
      Array.from({ length: 100 }, (_, at) => at),
      { loadMany, batchSize: 5, concurrency: 3 },
    );
    expect(most).toBe(3);
    await expect(warmUp(cache, [1], { loadMany, batchSize: 0 })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});
