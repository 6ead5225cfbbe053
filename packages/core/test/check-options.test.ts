import { type Cache, checkKnown, checkOptions, createCache, guarded, isCacheError, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, test } from "vitest";

// What a user types who does not heed the types, or has none.
type Untyped = Record<keyof Cache<unknown>, (...given: unknown[]) => Promise<unknown>>;
const open = () => createCache<unknown>({ store: memoryStore() }) as unknown as Untyped;

/** Every method about ids, with these options. */
function callsWith(cache: Untyped, options: unknown): readonly Promise<unknown>[] {
  return [
    cache.get("a", options),
    cache.getOrSet("a", () => 1, options),
    cache.set("a", 1, options),
    cache.delete("a", options),
    cache.has("a", options),
    cache.ttl("a", options),
    cache.entry("a", options),
    cache.expire("a", options),
    cache.getMany(["a"], options),
    cache.getOrSetMany(["a"], () => [1], options),
    cache.setMany([["a", 1]], options),
    cache.deleteMany(["a"], options),
  ];
}
const refused = (code = "INVALID_OPTION", message = /./) =>
  expect.toSatisfy(
    (error: unknown) => isCacheError(error, code as never) && message.test((error as Error).message),
    code,
  );

const reasonsOf = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((outcome) => (outcome as PromiseRejectedResult).reason as unknown);

describe("C43: an option that is not known is refused, and says what was probably meant", () => {
  const names = { l2Timeout: true, breaker: true, maxEntries: true } as const;
  test.each([
    ["another case", "l2TimeOut", "l2Timeout"],
    ["a letter too few", "braker", "breaker"],
    ["two letters the wrong way round", "braeker", "breaker"],
    ["a part of the name", "max", "maxEntries"],
    ["more than the name", "circuitBreaker", "breaker"],
  ])("%s", (_, typed, meant) => {
    expect(() => checkOptions({ [typed]: 1 } as never, names)).toThrow(
      `There is no option "${typed}". Did you mean "${meant}"?`,
    );
  });

  test("where nothing is near, all that are known are named", () => {
    expect(() => checkOptions({ grace: 1 } as never, names)).toThrow(
      'There is no option "grace". Known here: l2Timeout, breaker, maxEntries.',
    );
  });

  test("options that are undefined, inherited, or of a class are options", () => {
    class Settings {
      breaker = undefined;
      readAt(): void {}
    }
    checkOptions(Object.assign(new Settings(), {}) as never, names);
    checkOptions({ l2Timeout: undefined } as never, names);
    checkOptions(Object.create({ maxEntries: 1 }) as never, names);
    expect(() => checkOptions(Object.create({ maxEntires: 1 }) as never, names)).toThrow('Did you mean "maxEntries"');
  });

  test.each([
    ["null", null],
    ["a number", 1000],
    ["a text", "5m"],
    ["a list", [1]],
    ["a function", () => 1],
    ["a date", new Date()],
    ["a map", new Map()],
    ["a promise", Promise.resolve()],
    ["a signal", new AbortController().signal],
    ["a bigint", 1n],
    ["a symbol", Symbol("s")],
  ])("%s in the place of options is refused", async (_, options) => {
    const cache = open();
    await cache.set("a", 1);
    await cache.get("a");
    expect(() => checkOptions(options as never, names)).toThrow(refused() as never);
    expect(() => createCache(options as never)).toThrow(refused() as never);
    expect(() => cache.namespace("a", options)).toThrow(refused() as never);
    expect(() => cache.wrap(() => 1, options)).toThrow(refused() as never);
    expect(() => guarded(memoryStore(), options as never)).toThrow(refused() as never);
    const calls = [
      ...callsWith(cache, options),
      cache.invalidatePattern("a", options),
      warmUp(cache as never, ["a"], options as never),
    ];
    expect(await reasonsOf(calls)).toEqual(calls.map(() => refused()));
  });

  test("a ttl in the place of options is told where to go", async () => {
    await expect(open().set("a", 1, 1000)).rejects.toThrow("Write { ttl: 1000 }");
  });

  test("every call refuses an option that is not known", async () => {
    const cache = open();
    const options = { tll: 5 };
    await cache.set("a", 1);
    await cache.get("a");
    expect(() => createCache({ store: memoryStore(), tll: 5 } as never)).toThrow('Did you mean "ttl"?');
    expect(() => cache.namespace("a", options)).toThrow('Did you mean "ttl"?');
    expect(() => cache.wrap(() => 1, { id: "a", ...options })).toThrow('Did you mean "ttl"?');
    const calls = [
      ...callsWith(cache, options),
      warmUp(cache as never, ["a"], { loadMany: () => [1], ...options } as never),
    ];
    expect(await reasonsOf(calls)).toEqual(
      calls.map(() => refused("INVALID_OPTION", /There is no option "tll". Did you mean "ttl"\?/)),
    );
    await expect(cache.invalidatePattern("a", { onProgres: () => 1 })).rejects.toThrow('Did you mean "onProgress"?');
    expect(() => guarded(memoryStore(), { timeOut: 1 } as never)).toThrow('Did you mean "timeout"?');
    expect(() => guarded(memoryStore(), { breaker: { failure: 3 } } as never)).toThrow(
      'There is no option "breaker.failure". Did you mean "breaker.failures"?',
    );
  });
});

describe("C43: an argument that is not of its form is refused", () => {
  test("events that there are not, and listeners that are no functions", () => {
    const cache = open();
    expect(() => cache.on("hits", () => 1)).toThrow('There is no event "hits". Did you mean "hit"?');
    expect(() => cache.on("invalidate", () => 1)).toThrow('Did you mean "invalidateTags"?');
    expect(() => cache.on(undefined, () => 1)).toThrow(refused() as never);
    for (const listener of [undefined, "log", {}, null])
      expect(() => cache.on("hit", listener)).toThrow(refused() as never);
    expect(() => checkKnown("event", "toString", ["hit"])).toThrow(refused() as never);
  });

  test.each([["user:1"], [1], [undefined], [null], [{ a: 1 }], [() => ["a"]]])("%j is no list of ids", async (ids) => {
    const cache = open();
    await cache.set("u", 1);
    await expect(cache.getMany(ids)).rejects.toEqual(refused());
    await expect(cache.getOrSetMany(ids, () => [])).rejects.toEqual(refused());
    await expect(cache.deleteMany(ids)).rejects.toEqual(refused());
    await expect(cache.setMany(ids)).rejects.toEqual(refused());
    await expect(warmUp(cache as never, ids as never, { loadMany: () => [] })).rejects.toEqual(refused());
    expect(await cache.get("u")).toBe(1);
  });

  test("entries that are no pairs are told what to write", async () => {
    const cache = open();
    await expect(cache.setMany({ a: 1 })).rejects.toThrow("Object.entries(object)");
    for (const entry of ["ab", { key: "a", value: 1 }, ["a", 1, 1000], ["a"], null])
      await expect(cache.setMany([["z", 1], entry])).rejects.toThrow("pairs [id, value], which number 1 is not");
    expect(await cache.get("z")).toBeUndefined();
    expect(await cache.setMany(new Map([["a", 1]]))).toBe(true);
  });

  test.each([[NaN], [Infinity], [{}], [undefined], [null], [true], [7n], [["a"]], [Symbol("s")], [() => "a"]])(
    "%s is no id",
    async (id) => {
      const cache = open();
      for (const method of ["get", "delete", "has", "ttl", "entry", "expire"] as const)
        await expect(cache[method](id)).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.set(id, 1)).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.getOrSet(id, () => 1)).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.getMany(["a", id])).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.getOrSetMany(["a", id], () => [])).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.deleteMany(["a", id])).rejects.toEqual(refused("INVALID_KEY"));
      await expect(cache.setMany([[id, 1]])).rejects.toEqual(refused("INVALID_KEY"));
    },
  );

  test("tags are given, and are text", async () => {
    const cache = open();
    await expect(cache.invalidateTags()).rejects.toThrow('write invalidateTags("team:7")');
    for (const tags of [[7], [undefined], [""], [["a", 7]], [["a"], "b"], [new Set(["a"])], [{ tag: "a" }]])
      await expect(cache.invalidateTags(...tags)).rejects.toEqual(refused());
  });

  test("tags are given one by one, or as a list, which may be empty", async () => {
    const cache = open();
    for (const tag of ["a", "b", "c"]) await cache.set(tag, 1, { tags: [tag] });
    expect(await cache.invalidateTags([])).toBe(true);
    expect(await cache.invalidateTags(["a", "b"])).toBe(true);
    expect(await cache.getMany(["a", "b", "c"])).toHaveProperty("size", 1);
    expect(await cache.invalidateTags("c")).toBe(true);
    expect(await cache.getMany(["a", "b", "c"])).toHaveProperty("size", 0);
  });

  test("what takes no argument refuses one, and does nothing", async () => {
    const cache = open();
    await cache.set("a", 1);
    await expect(cache.clear("users")).rejects.toEqual(refused());
    expect(() => cache.keys("a*")).toThrow(refused() as never);
    expect(() => cache.entries({ stale: true })).toThrow(refused() as never);
    expect(await cache.get("a")).toBe(1);
  });

  test("signals, loaders, patterns, clocks and callbacks are of their form", async () => {
    const cache = open();
    await cache.set("a", 1);
    await cache.get("a");
    for (const signal of [new AbortController(), "abort", 5, null, {}]) {
      await expect(cache.get("a", { signal })).rejects.toEqual(refused());
      await expect(cache.getMany(["a"], { signal })).rejects.toEqual(refused());
      await expect(cache.invalidatePattern("*", { signal })).rejects.toEqual(refused());
    }
    for (const loader of [undefined, 1, { ttl: 5 }, Promise.resolve(1)]) {
      await expect(cache.getOrSet("a", loader)).rejects.toEqual(refused());
      await expect(cache.getOrSetMany(["a"], loader)).rejects.toEqual(refused());
      await expect(warmUp(cache as never, ["a"], { loadMany: loader } as never)).rejects.toEqual(refused());
    }
    await expect(cache.invalidatePattern(/a/)).rejects.toEqual(refused());
    await expect(cache.invalidatePattern("*", { onProgress: 1 })).rejects.toEqual(refused());
    expect(() => createCache({ store: memoryStore(), clock: Date } as never)).toThrow(refused() as never);
    expect(await cache.get("a")).toBe(1);
  });
});
