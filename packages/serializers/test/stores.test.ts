import { randomUUID } from "node:crypto";
import { type Cache, type CacheEvents, type CacheStore, createCache, type Serializer } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { redisStore } from "@granary/redis";
import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer as plain } from "@granary/superjson";
import KeyvRedis from "@keyv/redis";
import { Redis } from "ioredis";
import Keyv from "keyv";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { ALGORITHMS, damaged, long, newKey, oldKey, squeezed } from "./support/serializers.js";

const both = encrypted(compressed(plain), { keys: [newKey, oldKey] });
const HEADER = /^granary2 [tb] [^\n]*\n/;

/** A cache on a real backend under one serializer or another, and the bytes that lie there. */
interface Backend {
  store(serializer: Serializer): CacheStore;
  read(key: string): Promise<Buffer>;
  write(key: string, bytes: Buffer): Promise<unknown>;
}

const BACKENDS: ReadonlyArray<readonly [name: string, open: () => Backend]> = [
  ["redisStore", openRedis],
  ["keyvStore on Redis", openKeyv],
];

describe.each(BACKENDS)("%s", (_, open) => {
  test.each(ALGORITHMS)("holds fewer bytes, compressed by %s", async (algorithm) => {
    const backend = open();
    const cache = cacheOn(backend.store(squeezed(algorithm)));
    await cache.set("long", long);
    expect((await backend.read("long")).length).toBeLessThan(300);
    expect(await cache.get("long")).toEqual(long);
  });

  test("holds nothing of an encrypted value", async () => {
    const backend = open();
    const cache = cacheOn(backend.store(both));
    await cache.set("ada", { name: "Ada Lovelace" });
    const bytes = await backend.read("ada");
    expect(bytes.toString("latin1")).toMatch(HEADER);
    expect(bytes.toString("latin1")).not.toContain("Ada");
    expect(await cache.get("ada")).toEqual({ name: "Ada Lovelace" });
  });

  test("reads what was written before compression was turned on, and after it was turned off", async () => {
    const backend = open();
    const [before, on] = [cacheOn(backend.store(plain)), cacheOn(backend.store(compressed(plain)))];
    const off = cacheOn(backend.store(compressed(plain, { threshold: Number.POSITIVE_INFINITY })));
    await before.set("old", long);
    await on.set("new", long);
    for (const reader of [on, off]) {
      expect(await reader.get("old")).toEqual(long);
      expect(await reader.get("new")).toEqual(long);
    }
  });

  test("takes what was compressed for a miss, and says so, where nobody expects it", async () => {
    const backend = open();
    await cacheOn(backend.store(compressed(plain))).set("new", long);
    const { reader, errors } = withErrors(cacheOn(backend.store(plain)));
    expect(await reader.get("new")).toBeUndefined();
    expect(errors).toMatchObject([{ operation: "get", error: { code: "UNREADABLE" } }]);
  });

  test("goes on through a rotation of keys", async () => {
    const backend = open();
    const old = cacheOn(backend.store(encrypted(plain, { keys: [oldKey] })));
    const rotated = cacheOn(backend.store(encrypted(plain, { keys: [newKey, oldKey] })));
    await old.set("a", long);
    expect(await rotated.get("a")).toEqual(long);
    await rotated.set("a", long);
    expect((await backend.read("a")).toString("latin1")).toContain("new");
  });

  test("takes what is under a key that was dropped for a miss, and loads again", async () => {
    const backend = open();
    await cacheOn(backend.store(encrypted(plain, { keys: [oldKey] }))).set("a", 1);
    const { reader, errors } = withErrors(cacheOn(backend.store(encrypted(plain, { keys: [newKey] }))));
    expect(await reader.getOrSet("a", () => 2)).toBe(2);
    expect(errors[0]).toMatchObject({ operation: "get", error: { code: "UNREADABLE" } });
    expect(await reader.get("a")).toBe(2);
  });

  test("takes changed bytes for a miss and an event, whichever byte is changed", async () => {
    const backend = open();
    const { reader, errors } = withErrors(cacheOn(backend.store(both)));
    await reader.set("a", long);
    const bytes = await backend.read("a");
    const start = bytes.indexOf("\n") + 1;
    expect(bytes.length - start).toBeGreaterThan(40);
    for (let at = start; at < bytes.length; at += 3) {
      await backend.write("a", damaged(bytes, at));
      expect(await reader.get("a")).toBeUndefined();
    }
    expect(errors.length).toBe(Math.ceil((bytes.length - start) / 3));
    expect(errors).toSatisfy((all: typeof errors) => all.every(({ error }) => codeOf(error) === "UNREADABLE"));
  });

  test("FIELD 32: takes what was copied from another key for a miss and an event, and loads", async () => {
    const backend = open();
    const { reader, errors } = withErrors(cacheOn(backend.store(both)));
    await reader.setMany([
      ["ada", { name: "Ada" }],
      ["bob", { name: "Bob" }],
    ]);
    await backend.write("bob", await backend.read("ada"));
    expect(await reader.getOrSet("bob", () => ({ name: "loaded" }))).toEqual({ name: "loaded" });
    expect(errors.map(({ error }) => codeOf(error))).toContain("UNREADABLE");
    expect(await reader.getMany(["ada", "bob"])).toEqual(
      new Map([
        ["ada", { name: "Ada" }],
        ["bob", { name: "loaded" }],
      ]),
    );
  });

  test("FIELD 32: reads what was not bound yet where that is asked for, and binds what it writes", async () => {
    const backend = open();
    const lenient = encrypted(plain, { keys: [newKey], acceptUnbound: true });
    const unbound: Serializer = { encode: (value) => lenient.encode(value), decode: (data) => lenient.decode(data) };
    await cacheOn(backend.store(unbound)).set("a", long);
    const { reader, errors } = withErrors(cacheOn(backend.store(encrypted(plain, { keys: [newKey] }))));
    expect(await reader.get("a")).toBeUndefined();
    expect(errors).toMatchObject([{ operation: "get", error: { code: "UNREADABLE" } }]);
    const migrating = cacheOn(backend.store(lenient));
    expect(await migrating.get("a")).toEqual(long);
    // A store of three verbs keeps its generations as entries: the next invalidation binds them too.
    await migrating.clear();
    await migrating.set("a", long);
    expect(await reader.get("a")).toEqual(long);
  });

  test("takes what would be too large for a miss, and loads again", async () => {
    const backend = open();
    await cacheOn(backend.store(squeezed())).set("bomb", "0".repeat(1_000_000));
    const { reader, errors } = withErrors(cacheOn(backend.store(compressed(plain, { maxBytes: 100_000 }))));
    expect(await reader.getOrSet("bomb", () => "small")).toBe("small");
    expect(errors[0]).toMatchObject({ operation: "get", error: { code: "UNREADABLE" } });
  });
});

function openRedis(): Backend {
  const client = new Redis(inject("redisUrl"), { keyPrefix: `serializers:${randomUUID()}:` });
  onTestFinished(() => client.disconnect());
  const keyOf = (id: string): string => `granary:v1:values:${id}`;
  return {
    store: (serializer) => redisStore({ client, serializer }),
    read: async (id) => (await client.getBuffer(keyOf(id))) ?? Buffer.alloc(0),
    write: (id, bytes) => client.set(keyOf(id), bytes, "PX", 60_000),
  };
}

/** Keyv holds `{"value":"…"}`, and in it bytes as base64. */
function openKeyv(): Backend {
  const keyv = new Keyv(new KeyvRedis(inject("redisUrl")), { namespace: `serializers-${randomUUID()}` });
  onTestFinished(() => keyv.disconnect());
  const keyOf = (id: string): string => `granary:v1:values:${id}`;
  return {
    store: (serializer) => keyvStore(keyv, { serializer }),
    read: async (id) => {
      const text = String(await keyv.get(keyOf(id)));
      return text.startsWith("base64:") ? Buffer.from(text.slice("base64:".length), "base64") : Buffer.from(text);
    },
    write: (id, bytes) => keyv.set(keyOf(id), `base64:${bytes.toString("base64")}`, 60_000),
  };
}

function cacheOn(store: CacheStore): Cache<unknown> {
  const cache = createCache<unknown>({ store, namespace: "values", ttl: "1m" });
  onTestFinished(() => cache.close());
  return cache;
}

function withErrors(reader: Cache<unknown>) {
  const errors: Array<CacheEvents["error"]> = [];
  reader.on("error", (event) => errors.push(event));
  return { reader, errors };
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
