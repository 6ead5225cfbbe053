import { createContext, runInContext, runInThisContext } from "node:vm";
import { type CacheEvents, createCache, isCacheError, type LoadMany, type Params } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { describe, expect, it } from "vitest";

const context = createContext({ URL, Uint8Array });

/** What `code` gives in this realm. */
function here(code: string): unknown {
  return runInThisContext(`(${code})`);
}

/** What `code` gives in another realm. */
function there(code: string): unknown {
  return runInContext(`(${code})`, context);
}

/** Values that are carried by every store. */
const VALUES = [
  "{}",
  "[]",
  "{ a: 1, b: [1, 'two', null, { c: true }] }",
  "[{ at: new Date(0), none: undefined, big: 7n, nan: NaN }]",
  "new Date(86400000)",
  "new Map([['a', { n: 1 }], [{ k: 1 }, new Set([1, 2])]])",
  "new Set([new Date(1), [1], { a: 1 }])",
  "/a+b/gi",
  "new URL('https://example.org/a?b=c')",
  "((shared) => ({ one: shared, other: shared }))({ n: 1 })",
  "((self) => (self.self = self))({ n: 1 })",
  "Object.assign(Object.create(null), { a: 1 })",
  "{ bytes: new Uint8Array([1, 2, 3]), floats: new Float64Array([0.5]) }",
  "{ when: [new Date(5)], failed: Object.assign(new Error('down', { cause: 'x' }), {}) }",
] as const;

/** Values that no far store carries, whatever realm they are of. */
const REFUSED = [
  "new (class Point { x = 1 })()",
  "{ f() {} }",
  "new Date(NaN)",
  "[1, , 3]",
  "Promise.resolve(1)",
] as const;

const failureOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return "no failure";
};

describe("FIELD 21 / C41: values of another realm", () => {
  it("are of another realm", () => {
    expect(there("new Map()")).not.toBeInstanceOf(Map);
    expect(there("new Error()")).not.toBeInstanceOf(Error);
    expect(there("{}")).not.toBeInstanceOf(Object);
  });

  it.each(VALUES)("are written to a far store as those of this one: %s", (code) => {
    const text = superjsonSerializer.encode(here(code));
    const withoutStack = (encoded: string | Uint8Array): string => String(encoded).replace(/"stack":"[^"]*"/g, "");
    expect(withoutStack(superjsonSerializer.encode(there(code)))).toBe(withoutStack(text));
    expect(superjsonSerializer.decode(superjsonSerializer.encode(there(code)))).toEqual(
      superjsonSerializer.decode(text),
    );
  });

  it.each(REFUSED)("are refused as those of this one: %s", (code) => {
    const expected = failureOf(() => superjsonSerializer.encode(here(code)));
    expect(expected).not.toBe("no failure");
    expect(failureOf(() => superjsonSerializer.encode(there(code)))).toBe(expected);
  });

  it.each(VALUES)("are copied and frozen as those of this one: %s", async (code) => {
    for (const values of ["cloned", "frozen"] as const) {
      const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10, values }) });
      const original = there(code);
      expect(await cache.set("a", original)).toBe(true);
      const copy = await cache.get("a");
      expect(copy).not.toBe(original);
      expect(copy).toEqual(here(code));
    }
  });

  it.each(["new TypeError('no')", "new RangeError('no')", "new ArrayBuffer(8)"])("are copied: %s", async (code) => {
    const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10, values: "cloned" }) });
    expect(await cache.set("a", there(code))).toBe(true);
    const [copy, expected] = [(await cache.get("a")) as object, here(code) as object];
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(expected));
  });

  it("of classes are refused by copies, also where a class has the name of a built-in one", async () => {
    const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10, values: "cloned" }) });
    for (const code of ["new (class Point {})()", "new (class Map {})()", "new (class extends Map {})()"]) {
      await expect(cache.set("a", there(code))).rejects.toMatchObject({ code: "INVALID_VALUE" });
    }
  });

  it.each(VALUES)("are as large as those of this one: %s", async (code) => {
    const bytesOf = async (value: unknown): Promise<number> => {
      let [low, high] = [0, 1 << 20];
      while (low + 1 < high) {
        const maxBytes = (low + high) >> 1;
        const cache = createCache<unknown>({ store: memoryStore({ maxBytes }) });
        await cache.set("a", value);
        if (await cache.has("a")) high = maxBytes;
        else low = maxBytes;
      }
      return high;
    };
    expect(await bytesOf(there(code))).toBe(await bytesOf(here(code)));
  });

  it("make the same key as params", async () => {
    const cache = createCache<number>({ store: memoryStore({ maxEntries: 10 }) });
    const code = "{ page: 1, at: new Date(0), tags: ['x', { y: 2n }], none: undefined }";
    await cache.set("a", 1, { params: there(code) as Params });
    expect(await cache.get("a", { params: here(code) as Params })).toBe(1);
    const refused = cache.get("a", { params: there("{ m: new Map() }") as Params });
    await expect(refused).rejects.toMatchObject({ code: "INVALID_KEY" });
  });

  it("encrypt, compress and are keys", () => {
    const key = new Uint8Array(32).fill(7);
    const keys = [
      { name: "k", key: runInContext("(bytes) => new Uint8Array(bytes)", createContext({}))([...key]) as Uint8Array },
    ];
    const serializer = encrypted(compressed(superjsonSerializer), { keys });
    const encoded = serializer.encode(there("{ a: new Date(0) }"));
    expect(serializer.decode(encoded)).toEqual({ a: new Date(0) });
  });
});

describe("FIELD 21 / C41: loaders that give what another realm has made", () => {
  const loaders: ReadonlyArray<readonly [string, string]> = [
    ["a Map", "new Map([['1', 'one'], [2, new Error('bad')]])"],
    ["an array", "['one', new Error('bad')]"],
    ["an array with an error of a derived class", "['one', new TypeError('bad')]"],
    ["an array with an error of a class of its own", "['one', new (class Bad extends Error {})('bad')]"],
  ];

  it.each(loaders)("fail one id where it is an error: %s", async (_, code) => {
    const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10 }) });
    const failed: CacheEvents["loadError"][] = [];
    cache.on("loadError", (event) => failed.push(event));
    const loadMany: LoadMany<unknown> = () => there(code) as unknown[];
    expect(await cache.getOrSetMany([1, 2], loadMany as never)).toEqual(new Map([[1, "one"]]));
    expect(failed).toHaveLength(1);
    expect(await cache.has(2)).toBe(false);
  });

  it("reject with the error itself, and fail(error) does too", async () => {
    const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10 }) });
    const bad = there("new TypeError('bad')");
    await expect(cache.getOrSet("a", () => Promise.reject(bad as Error))).rejects.toBe(bad);
    await expect(cache.getOrSet("a", ({ fail }) => fail(bad))).rejects.toBe(bad);
    expect(await cache.getOrSet("a", () => there("Promise.resolve(7)") as Promise<number>)).toBe(7);
  });

  it("give a CacheError that is known for one", () => {
    const code = "Object.assign(new Error('closed'), { name: 'CacheError', code: 'CLOSED' })";
    expect(isCacheError(there(code), "CLOSED")).toBe(true);
    expect(isCacheError(there(code), "STORE_FAILED")).toBe(false);
    expect(isCacheError({ name: "CacheError", code: "CLOSED" })).toBe(false);
  });
});
