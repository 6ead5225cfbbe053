import { type CacheStore, createCache, type Serializer, type StandardSchema } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { superjsonSerializer } from "@granary/superjson";
import { manualClock } from "@granary/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";

const LIFE = { createdAt: 0, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY };

class Money {
  constructor(readonly cents: number) {}
}

/** Sets `value` as a remote store would hold it, and reads it back. */
function kept(value: unknown, serializer?: Serializer): unknown {
  const store = memoryStore({ values: "serialized", ...(serializer !== undefined && { serializer }) });
  store.set("k", { ...LIFE, value });
  return store.get("k")?.value;
}

describe("FIELD 31: serialized values", () => {
  test("are what the serializer of the remote stores brings back", () => {
    const value = { at: new Date(5), ids: new Map([[1, new Set([7n])]]), none: undefined };
    expect(kept(value)).toStrictEqual(value);
    expect(kept(value)).not.toBe(value);
    expect(kept(undefined)).toBeUndefined();
  });

  test("are what one's own serializer brings back", () => {
    const json: Serializer = { encode: (value) => JSON.stringify(value), decode: (data) => JSON.parse(String(data)) };
    expect(kept({ at: new Date(0) }, json)).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  test("are told their key where the serializer wants it", () => {
    const bound: Serializer = {
      ...superjsonSerializer,
      forKey: (key) => ({
        encode: (value) => `${key}:${String(value)}`,
        decode: (data) => (String(data).startsWith(`${key}:`) ? String(data).slice(key.length + 1) : "another's"),
      }),
    };
    const store = memoryStore({ values: "serialized", serializer: bound });
    store.set("one", { ...LIFE, value: "first" });
    expect(store.get("one")?.value).toBe("first");
  });

  test("are decoded anew for each reader, also from bytes that the serializer gives or keeps as they are", () => {
    const buffer = Uint8Array.of(1, 2);
    const asIs: Serializer = { encode: () => buffer, decode: (data) => data };
    const store = memoryStore({ values: "serialized", serializer: asIs });
    store.set("k", { ...LIFE, value: 1 });
    buffer.fill(9);
    const read = store.get("k")?.value as Uint8Array | undefined;
    read?.fill(8);
    expect(store.get("k")?.value).toEqual(Uint8Array.of(1, 2));
    expect(store.handles).toBeUndefined();
  });

  test("are refused by set as on Redis: with the reason, and what was there before stays", () => {
    const store = memoryStore({ values: "serialized" });
    store.set("k", { ...LIFE, value: "old" });
    const refused = { ...LIFE, value: new Money(1) };
    expect(() => store.set("k", refused)).toThrow(
      expect.objectContaining({ code: "INVALID_VALUE", message: expect.stringContaining("an instance of Money") }),
    );
    expect(store.get("k")?.value).toBe("old");
    const pairs = [["k", { ...LIFE, value: "new" }] as const, ["other", refused] as const];
    expect(() => store.many.set(pairs)).toThrow(/an instance of Money/);
    expect(store.get("k")?.value).toBe("old");
  });

  test("are refused where the serializer gives neither text nor bytes", () => {
    const later = { ...superjsonSerializer, encode: async () => "text" } as unknown as Serializer;
    expect(() => kept(1, later)).toThrow(/encode gives text or bytes; it gave an instance of Promise/);
  });

  test("of a loader go to its callers, are loaded each time, counted each time, and told once a minute", async () => {
    const clock = manualClock();
    const { cache, errors } = cacheOn(memoryStore({ values: "serialized", clock }));
    let loads = 0;
    for (let call = 0; call < 20; call += 1)
      expect(await cache.getOrSet("price", () => new Money(++loads))).toStrictEqual(new Money(loads));
    expect(loads).toBe(20);
    expect(errors).toMatchObject([{ operation: "fill", error: { code: "INVALID_VALUE" } }]);
    await clock.advance(60_000);
    await cache.getOrSet("price", () => new Money(1));
    expect(errors).toHaveLength(2);
    expect(cache.stats()).toMatchObject({ loads: 21, unserializable: 21, errors: 2 });
  });

  test("that cannot be read are a miss, and told", async () => {
    const damaged: Serializer = {
      encode: superjsonSerializer.encode,
      decode: () => {
        throw new Error("damaged");
      },
    };
    const { cache, errors } = cacheOn(memoryStore({ values: "serialized", serializer: damaged }));
    await cache.set("a", 1);
    expect(await cache.get("a")).toBeUndefined();
    expect(errors).toMatchObject([{ operation: "get", error: { code: "UNREADABLE" } }]);
  });

  test("pass the schema when they are read, one and many, as those of a remote store do", async () => {
    const validate = vi.fn((value: unknown) => ({ value }));
    const schema: StandardSchema<unknown, unknown> = { "~standard": { version: 1, vendor: "test", validate } };
    const cache = createCache({ store: memoryStore({ values: "serialized" }), namespace: "values", schema });
    onTestFinished(() => cache.close());
    await cache.set("a", 1);
    validate.mockReturnValue({ value: "from the schema" });
    expect(await cache.get("a")).toBe("from the schema");
    expect([...(await cache.getMany(["a"]))]).toEqual([["a", "from the schema"]]);
  });

  test("are measured by what is held", () => {
    const sizes: unknown[] = [];
    const sizeOf = (value: unknown) => sizes.push(value);
    const store = memoryStore({ values: "serialized", maxBytes: 1_000, sizeOf });
    store.set("k", { ...LIFE, value: [1] });
    expect(sizes).toEqual(['{"json":[1]}']);
    const measured = memoryStore({ values: "serialized", maxBytes: 100_000 });
    measured.set("k", { ...LIFE, value: "a".repeat(5_000) });
    expect(measured.byteCount).toBeGreaterThan(5_000);
    expect(measured.byteCount).toBeLessThan(6_000);
  });
});

describe("the option serializer", () => {
  test("is refused without values: serialized, which would not use it", () => {
    const make = () => memoryStore({ serializer: superjsonSerializer });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(make).toThrow(/values: "serialized"/);
  });

  test("is refused where it is none", () => {
    const make = () => memoryStore({ values: "serialized", serializer: JSON as unknown as Serializer });
    expect(make).toThrow(/serializer: takes an object with encode\(value\) and decode\(data\)/);
  });

  test("can be left out only where the default can be had; elsewhere it is said what to write", () => {
    // As in a browser.
    vi.stubGlobal("process", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    const make = () => memoryStore({ values: "serialized" });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(make).toThrow(/npm install @granary\/superjson/);
    expect(memoryStore({ values: "serialized", serializer: superjsonSerializer }).name).toBe("memory");
  });
});

function cacheOn(store: CacheStore) {
  const cache = createCache<unknown>({ store, namespace: "values", ttl: "1m" });
  onTestFinished(() => cache.close());
  const errors: unknown[] = [];
  cache.on("error", (event) => errors.push(event));
  return { cache, errors };
}
