import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Cache, createCache, type UntypedCache } from "@granary/core";
import { type CacheLike, keyvStore, toKeyv } from "@granary/keyv";
import { manualClock } from "@granary/testkit";
import CacheableRequest from "cacheable-request";
import got from "got";
import { Keyv, type KeyvStoreAdapter } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { keyvs, type TestKeyv } from "./support/keyvs.js";

const clock = manualClock();
const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

describe.each(keyvs)("%s over a cache", (_name, openKeyv) => {
  test("keeps values of every kind of JSON, and says what is absent", async () => {
    const keyv = openKeyv({ store: toKeyv(cacheOf()) });
    const values: ReadonlyArray<readonly [string, unknown]> = [
      ["text", ":colon"],
      ["zero", 0],
      ["no", false],
      ["list", [1, { two: null }]],
    ];
    for (const [key, value] of values) expect(await keyv.set(key, value as string)).toBe(true);

    for (const [key, value] of values) expect(await keyv.get(key)).toEqual(value);
    expect(await keyv.getMany(["zero", "none", "text"])).toEqual([0, undefined, ":colon"]);
    expect(await keyv.get("none")).toBeUndefined();
    expect(await keyv.has("zero")).toBe(true);
    expect(await keyv.has("none")).toBe(false);
    expect(values.length).toBeGreaterThan(0);
  });

  test("deletes one, many and all", async () => {
    const keyv = openKeyv({ store: toKeyv(cacheOf()) });
    for (const key of ["a", "b", "c", "d"]) await keyv.set(key, key);

    expect(await keyv.delete("a")).toBe(true);
    expect(await keyv.delete("a")).toBe(false);
    await keyv.deleteMany(["b", "c"]);
    expect(await keyv.getMany(["a", "b", "c", "d"])).toEqual([undefined, undefined, undefined, "d"]);
    await keyv.clear();
    expect(await keyv.get("d")).toBeUndefined();
  });

  test("passes a ttl on, and leaves it to the cache where there is none", async () => {
    const given: unknown[] = [];
    const set: CacheLike["set"] = (id, _value, options) => given.push(id.split(":").at(-1), options) > 0;
    const keyv = openKeyv({ store: toKeyv(likeWith({ set })) });

    await keyv.set("short", "x", 60_000);
    await keyv.set("open", "x");

    expect(given[0]).toBe("short");
    expect((given[1] as { ttl: number }).ttl).toBeGreaterThan(59_000);
    expect((given[1] as { ttl: number }).ttl).toBeLessThanOrEqual(60_000);
    expect(given.slice(2)).toEqual(["open", undefined]);
  });
});

test("a value without a ttl lives as long as the cache says", async () => {
  const keyv = new Keyv({ store: toKeyv(cacheOf()) });
  await keyv.set("key", "value");
  await clock.advance(299_999);
  expect(await keyv.get("key")).toBe("value");
  await clock.advance(1);
  expect(await keyv.get("key")).toBeUndefined();
});

test("what a cache does not take, Keyv answers with false", async () => {
  const keyv = new Keyv({ store: toKeyv(likeWith({ set: () => false, setMany: () => false })) });
  expect(await keyv.set("key", "value")).toBe(false);
  expect(await keyv.setMany([{ key: "key", value: "value" }])).toEqual([false]);
});

test.each(keyvs)("%s: many keys are one call of the cache", async (_name, openKeyv) => {
  const calls: string[] = [];
  const cache = cacheOf();
  const told =
    <Args extends unknown[], Answer>(verb: string, call: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      calls.push(verb);
      return call(...args);
    };
  const like = likeWith(
    {
      getMany: told("getMany", (ids) => cache.getMany(ids)),
      setMany: told("setMany", (entries) => cache.setMany(entries)),
      deleteMany: told("deleteMany", (ids) => cache.deleteMany(ids)),
    },
    cache,
  );
  const keyv = openKeyv({ store: toKeyv(like) }) as TestKeyv & { hasMany(keys: string[]): Promise<boolean[]> };

  await keyv.setMany([
    { key: "a", value: "1" },
    { key: "b", value: "2" },
  ]);
  expect(await keyv.getMany(["a", "none", "b"])).toEqual(["1", undefined, "2"]);
  expect(await keyv.hasMany(["a", "none", "b"])).toEqual([true, false, true]);
  expect(calls).toEqual(["setMany", "getMany", "getMany"]);
  await keyv.deleteMany(["a", "none"]);
  expect(calls.slice(3)).toContain("deleteMany");
  expect(await keyv.getMany(["a", "b"])).toEqual([undefined, "2"]);
});

test("of many keys, Keyv 5 hears whether all were there, and Keyv 6 of each", async () => {
  const five = new Keyv({ store: toKeyv(cacheOf()) });
  const six = new Keyv6({ store: toKeyv(cacheOf()) });
  for (const keyv of [five, six]) for (const key of ["a", "b", "c"]) await keyv.set(key, key);

  expect(await six.deleteMany(["a", "none", "b"])).toEqual([true, false, true]);
  expect(await five.deleteMany(["a", "b"])).toBe(true);
  expect(await five.deleteMany(["c", "none"])).toBe(false);
  expect(await five.get("c")).toBeUndefined();
  for (const keyv of [five, six]) {
    expect(await keyv.getMany([])).toEqual([]);
    expect(await keyv.setMany([])).toEqual([]);
  }
});

test.each(keyvs)("%s: disconnect() leaves the cache open", async (_name, openKeyv) => {
  const cache = cacheOf();
  const keyv = openKeyv({ store: toKeyv(cache) });
  await keyv.set("key", "value");
  await keyv.disconnect();
  expect(await keyv.get("key")).toBe("value");
  expect(await cache.set("own", 1)).toBe(true);
});

test("what the cache rejects, Keyv 5 throws where it is told to, and emits otherwise", async () => {
  const failure = new Error("the cache is closed");
  const like = likeWith({ set: () => Promise.reject(failure), clear: () => Promise.reject(failure) });
  const errors: unknown[] = [];
  const quiet = new Keyv({ store: toKeyv(like), namespace: "a" });
  quiet.on("error", (error: unknown) => errors.push(error));
  expect(await quiet.set("key", "value")).toBe(false);
  await quiet.clear();
  expect(errors).toEqual([failure, failure]);

  const loud = new Keyv({ store: toKeyv(like), throwOnErrors: true });
  await expect(loud.set("key", "value")).rejects.toBe(failure);
  await expect(loud.clear()).rejects.toBe(failure);
});

test("a store that cannot walk refuses to, and everything else works", async () => {
  const { walk: _walk, ...store } = keyvStore(new Keyv(), { clock });
  const cache = createCache<unknown>({ store });
  open.push(() => cache.close());
  const keyv = new Keyv6({ store: toKeyv(cache), namespace: "a" });
  const errors: unknown[] = [];
  keyv.on("error", (error: unknown) => errors.push(error));
  await keyv.set("key", "value");
  for await (const item of keyv.iterator()) expect(item).toBe("nothing");
  expect(errors).toEqual([expect.objectContaining({ code: "UNSUPPORTED" })]);
  await keyv.clear();
  expect(await keyv.get("key")).toBeUndefined();
});

test.each([
  ["no cache", () => toKeyv(undefined as unknown as CacheLike), "createCache"],
  ["a store", () => toKeyv(keyvStore(new Keyv()) as unknown as CacheLike), "createCache"],
  ["an option that there is not", () => toKeyv(cacheOf(), { versoin: 6 } as object), "version"],
  ["another version", () => toKeyv(cacheOf(), { version: 4 as 5 }), "Write 5 or 6"],
])("toKeyv() refuses %s at once", (_name, call, said) => {
  expect(call).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(said) }));
});

test("Keyv 6 wraps the adapter where it is told to be one of Keyv 5", async () => {
  const keyv = new Keyv6({ store: toKeyv(cacheOf(), { version: 5 }), namespace: "a" });
  expect(await keyv.set("key", "value", 60_000)).toBe(true);
  expect(await keyv.get("key")).toBe("value");
  await keyv.clear();
  expect(await keyv.get("key")).toBeUndefined();
});

test("cacheable-request, which got caches with, takes it as it is", async () => {
  let served = 0;
  const url = await serve(() => {
    served += 1;
    return `answer ${served}`;
  });
  const cache = cacheOf();
  // The answer is stored behind the response that ends, so the second request waits for that.
  const stored = new Promise<void>((resolve) => void cache.on("set", () => resolve()));
  const fetched = () => read(new CacheableRequest(request, toKeyv(cache)), url);

  expect(await fetched()).toEqual({ body: "answer 1", fromCache: false });
  await stored;
  expect(await fetched()).toEqual({ body: "answer 1", fromCache: true });
  expect(served).toBe(1);
});

test("FIELD 39: got, with the adapter as its cache, asks once for what may be kept", async () => {
  let served = 0;
  const url = await serve(() => {
    served += 1;
    return `answer ${served}`;
  });
  const cache = cacheOf();
  const stored = new Promise<void>((resolve) => void cache.on("set", () => resolve()));
  const client = got.extend({ cache: toKeyv(cache), retry: { limit: 0 } });

  const first = await client(url);
  await stored;
  const second = await client(url);

  expect([first.body, second.body]).toEqual(["answer 1", "answer 1"]);
  expect([first.isFromCache, second.isFromCache]).toEqual([false, true]);
});

test("the types fit: a cache goes in, and what comes out is an adapter of Keyv 5 and a store of Keyv 6", () => {
  expectTypeOf<Cache<string>>().toExtend<CacheLike>();
  expectTypeOf<Cache<unknown>>().toExtend<CacheLike>();
  expectTypeOf<UntypedCache>().toExtend<CacheLike>();
  expectTypeOf<ReturnType<typeof toKeyv>>().toExtend<KeyvStoreAdapter>();
  expect(new Keyv6({ store: toKeyv(cacheOf()) }).store).toBeDefined();
});

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: keyvStore(new Keyv(), { clock }), jitter: 0 });
  open.push(() => cache.close());
  return cache;
}

/** A cache of which some verbs are others, in each of its namespaces. */
function likeWith(verbs: Partial<CacheLike>, cache: Cache<unknown> = cacheOf()): CacheLike {
  const like: CacheLike = {
    get: (id) => cache.get(id),
    set: (id, value, options) => cache.set(id, value, options),
    delete: (id) => cache.delete(id),
    has: (id) => cache.has(id),
    clear: () => cache.clear(),
    getMany: (ids) => cache.getMany(ids),
    setMany: (entries, options) => cache.setMany(entries, options),
    deleteMany: (ids) => cache.deleteMany(ids),
    keys: () => cache.keys(),
    namespace: () => like,
    ...verbs,
  };
  return like;
}

/** The address of a server that answers everything with `answer()`, to be kept for an hour. */
async function serve(answer: () => string): Promise<string> {
  const server: Server = createServer((_request, response) => {
    response.setHeader("cache-control", "max-age=3600").end(answer());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function read(cacheable: CacheableRequest, url: string): Promise<{ body: string; fromCache: boolean }> {
  return new Promise((resolve, reject) => {
    const requested = cacheable.request()(url, (given: unknown) => {
      // The library's own type for it names a class where an instance is meant.
      const response = given as IncomingMessage & { readonly fromCache: boolean };
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ body: Buffer.concat(chunks).toString(), fromCache: response.fromCache }));
    });
    requested.on("request", (sent) => sent.end());
    requested.on("error", reject);
  });
}
