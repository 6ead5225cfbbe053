import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Cache, createCache } from "@granary/core";
import { type CacheLike, keyvStore, toKeyv } from "@granary/keyv";
import { manualClock } from "@granary/testkit";
import { createCache as createCacheManager } from "cache-manager";
import CacheableRequest from "cacheable-request";
import { Keyv, type KeyvStoreAdapter } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { keyvs } from "./support/keyvs.js";

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
    const cache: CacheLike = {
      get: () => undefined,
      set: (id, _value, options) => given.push(id.split(":").at(-1), options) > 0,
      delete: () => false,
      has: () => false,
      clear: () => undefined,
    };
    const keyv = openKeyv({ store: toKeyv(cache) });

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
  const cache = cacheOf();
  const keyv = new Keyv({ store: toKeyv({ ...asLike(cache), set: () => false }) });
  expect(await keyv.set("key", "value")).toBe(false);
});

test("many keys are one call of a cache that has getMany", async () => {
  const calls: string[] = [];
  const found = new Map([["keyv:a", '{"value":1}']]);
  const getMany = (ids: readonly string[]) => {
    calls.push(ids.join());
    return found;
  };

  expect(await new Keyv({ store: toKeyv({ ...asLike(cacheOf()), getMany }) }).getMany(["a", "b"])).toEqual([
    1,
    undefined,
  ]);
  expect(calls).toEqual(["keyv:a,keyv:b"]);
});

test("cache-manager runs on a cache", async () => {
  const manager = createCacheManager({ stores: [new Keyv({ store: toKeyv(cacheOf()) })] });
  let loads = 0;
  const load = async () => {
    loads += 1;
    return { name: "Ann" };
  };

  expect(await manager.wrap("user", load, 60_000)).toEqual({ name: "Ann" });
  expect(await manager.wrap("user", load, 60_000)).toEqual({ name: "Ann" });
  expect(loads).toBe(1);
  await manager.mset([
    { key: "a", value: 1 },
    { key: "b", value: 2 },
  ]);
  expect(await manager.mget(["a", "none", "b"])).toEqual([1, undefined, 2]);
  await manager.mdel(["a", "b"]);
  expect(await manager.get("a")).toBeUndefined();
  await manager.clear();
  expect(await manager.get("user")).toBeUndefined();
});

test("cacheable-request, which got caches with, takes it as it is", async () => {
  let served = 0;
  const url = await serve(() => {
    served += 1;
    return `answer ${served}`;
  });
  const cache = asLike(cacheOf());
  // The answer is stored behind the response that ends, so the second request waits for that.
  const stored = new Promise<void>((resolve) => {
    const { set } = cache;
    cache.set = async (id, value, options) => {
      const taken = await set(id, value, options);
      resolve();
      return taken;
    };
  });
  const fetched = () => read(new CacheableRequest(request, toKeyv(cache)), url);

  expect(await fetched()).toEqual({ body: "answer 1", fromCache: false });
  await stored;
  expect(await fetched()).toEqual({ body: "answer 1", fromCache: true });
  expect(served).toBe(1);
});

test("the types fit: a cache goes in, and what comes out is an adapter of Keyv 5 and a store of Keyv 6", () => {
  expectTypeOf<Cache<string>>().toExtend<CacheLike>();
  expectTypeOf<Cache<unknown>>().toExtend<CacheLike>();
  expectTypeOf<ReturnType<typeof toKeyv>>().toExtend<KeyvStoreAdapter>();
  expect(new Keyv6({ store: toKeyv(cacheOf()) }).store).toBeDefined();
});

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: keyvStore(new Keyv(), { clock }), jitter: 0 });
  open.push(() => cache.close());
  return cache;
}

function asLike(cache: Cache<unknown>): CacheLike {
  return {
    get: (id) => cache.get(id),
    set: (id, value) => cache.set(id, value),
    delete: (id) => cache.delete(id),
    has: (id) => cache.has(id),
    clear: () => cache.clear(),
  };
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
