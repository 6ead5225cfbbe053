import { type Cache, createCache } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { Keyv } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { afterEach, describe, expect, test } from "vitest";
import { keyvs } from "./support/keyvs.js";

const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/* Each pair is two namespaces that an encoding, a prefix or a pattern might take for one. */
const PAIRS: ReadonlyArray<readonly [ours: string, theirs: string]> = [
  ["a", "c"],
  ["a", "a:b"],
  ["a:b", "a"],
  ["a/b", "a:b"],
  ["a", "A"],
  ["a*", "ab"],
  ["a?{b}", "a?b"],
  ["100%", "100%25"],
  ["%3A", ":"],
  [" ", "  "],
  ["é", "e"],
  ["\ud800", "%ud800"],
  ["__proto__", "constructor"],
];

describe.each(keyvs)("FIELD 39: %s with a namespace, over a cache", (_name, openKeyv) => {
  test.each(PAIRS)("clear() empties %j alone, and not %j", async (ours, theirs) => {
    const cache = cacheOf();
    const mine = openKeyv({ store: toKeyv(cache), namespace: ours });
    const other = openKeyv({ store: toKeyv(cache), namespace: theirs });
    for (const key of ["key", "b:key", "x"]) await mine.set(key, "mine");
    for (const key of ["key", "b:key", "y"]) await other.set(key, "other");
    expect(await mine.getMany(["key", "b:key", "x"])).toEqual(["mine", "mine", "mine"]);

    await mine.clear();

    expect(await mine.getMany(["key", "b:key", "x"])).toEqual([undefined, undefined, undefined]);
    expect(await other.getMany(["key", "b:key", "y"])).toEqual(["other", "other", "other"]);
  });

  test("clear() leaves what the cache itself and its other children hold", async () => {
    const cache = cacheOf();
    const keyv = openKeyv({ store: toKeyv(cache), namespace: "a" });
    await cache.set("a:key", "own");
    await cache.namespace("users").set("key", "user");
    await keyv.set("key", "keyv");

    await keyv.clear();

    expect(await keyv.get("key")).toBeUndefined();
    expect(await cache.get("a:key")).toBe("own");
    expect(await cache.namespace("users").get("key")).toBe("user");
  });

  test("two of one namespace share what they hold, and one that came later reads what was there", async () => {
    const cache = cacheOf();
    await openKeyv({ store: toKeyv(cache), namespace: "a" }).set("key", "value");
    const later = openKeyv({ store: toKeyv(cache), namespace: "a" });
    expect(await later.get("key")).toBe("value");
    await later.clear();
    expect(await openKeyv({ store: toKeyv(cache), namespace: "a" }).get("key")).toBeUndefined();
  });

  test("clear() without a namespace empties the whole cache", async () => {
    const cache = cacheOf();
    const plain = openKeyv({ store: toKeyv(cache), namespace: "" });
    const named = openKeyv({ store: toKeyv(cache), namespace: "a" });
    await plain.set("key", 1 as unknown as string);
    await named.set("key", 2 as unknown as string);

    await named.clear();
    expect(await plain.get("key")).toBe(1);
    await named.set("key", 2 as unknown as string);
    await plain.clear();
    expect([await plain.get("key"), await named.get("key")]).toEqual([undefined, undefined]);
  });

  test("walks the values of its namespace alone, without what is gone", async () => {
    const cache = cacheOf();
    const keyv = openKeyv({ store: toKeyv(cache), namespace: "a" });
    const other = openKeyv({ store: toKeyv(cache), namespace: "a:b" });
    const plain = openKeyv({ store: toKeyv(cache), namespace: "" });
    const values = ["key", "b:key", "%7B", "{key}?", ""].map((key) => [`${key}.`, `value of ${key}`] as const);
    for (const [key, value] of values) await keyv.set(key, value);
    for (const one of [other, plain]) await one.set("theirs", "x");
    await keyv.set("deleted", "x");
    await keyv.delete("deleted");

    expect(new Map(await itemsOf(keyv))).toEqual(new Map(values));
    await keyv.clear();
    expect(await itemsOf(keyv)).toEqual([]);
    expect(await other.get("theirs")).toBe("x");
  });

  test("a namespace that is changed takes its own values with it", async () => {
    const keyv = openKeyv({ store: toKeyv(cacheOf()), namespace: "a" }) as { namespace?: string } & ReturnType<
      typeof openKeyv
    >;
    await keyv.set("key", "in a");
    keyv.namespace = "b";
    expect(await keyv.get("key")).toBeUndefined();
    await keyv.set("key", "in b");
    await keyv.clear();
    keyv.namespace = "a";
    expect(await keyv.get("key")).toBe("in a");
  });
});

test("FIELD 39: Keyv 5 that leaves keys without a prefix clears and walks its own namespace", async () => {
  const cache = cacheOf();
  const mine = new Keyv({ store: toKeyv(cache), namespace: "a", useKeyPrefix: false });
  const other = new Keyv({ store: toKeyv(cache), namespace: "a:b", useKeyPrefix: false });
  await mine.set("b:key", "mine");
  await other.set("key", "other");
  expect(await itemsOf(mine)).toEqual([["b:key", "mine"]]);
  await mine.clear();
  expect(await mine.get("b:key")).toBeUndefined();
  expect(await other.get("key")).toBe("other");
});

test.each([
  ["Keyv 5", (store: unknown) => new Keyv({ store, namespace: "", useKeyPrefix: false })],
  ["Keyv 6", (store: unknown) => new Keyv6({ store })],
])("FIELD 39: %s without a namespace walks what is in none", async (_name, openKeyv) => {
  const cache = cacheOf();
  const keyv = openKeyv(toKeyv(cache));
  await new Keyv({ store: toKeyv(cache), namespace: "a" }).set("theirs", "x");
  for (let n = 0; n < 1_203; n += 1) await keyv.set(`a:${n}`, n);
  const items = await itemsOf(keyv);
  expect(items).toHaveLength(1_203);
  expect(items).toContainEqual(["a:1202", 1_202]);
});

describe("FIELD 39: one adapter that two Keyvs share", () => {
  test("Keyv 5: each finds what is its own, whoever came last, and clear() is refused since nobody says whose it is", async () => {
    const store = toKeyv(cacheOf());
    const [a, errors] = heard(new Keyv({ store, namespace: "a" }));
    await a.set("key", "before");
    const b = new Keyv({ store, namespace: "b" });
    expect(await a.get("key")).toBe("before");
    await b.set("key", "other");
    await a.set("late", "a too");

    await a.clear();

    expect(errors).toEqual([expect.objectContaining({ code: "UNSUPPORTED" })]);
    expect(errors[0]?.message).toContain("toKeyv(cache)");
    expect(await a.getMany(["key", "late"])).toEqual(["before", "a too"]);
    expect(await b.get("key")).toBe("other");
  });

  test("Keyv 5: clear() works where both have one namespace", async () => {
    const store = toKeyv(cacheOf());
    const [a, b] = [new Keyv({ store, namespace: "a" }), new Keyv({ store, namespace: "a" })];
    await b.set("key", "value");
    await a.clear();
    expect(await b.get("key")).toBeUndefined();
  });

  test("Keyv 6, which writes no namespace into its keys: the last is served, and nobody clears what is another's", async () => {
    const store = toKeyv(cacheOf());
    const first = new Keyv6({ store, namespace: "a" });
    await first.set("key", "first");
    const last = new Keyv6({ store, namespace: "b" });
    const errors: unknown[] = [];
    last.on("error", (error: unknown) => errors.push(error));
    await last.set("key", "last");
    await last.clear();

    expect(await itemsOf(last)).toEqual([["key", "last"]]);
    expect(errors).toEqual([expect.objectContaining({ code: "UNSUPPORTED" })]);
  });
});

function heard(keyv: Keyv): [Keyv, Error[]] {
  const errors: Error[] = [];
  keyv.on("error", (error: Error) => errors.push(error));
  return [keyv, errors];
}

async function itemsOf(keyv: unknown): Promise<Array<[string, unknown]>> {
  const items: Array<[string, unknown]> = [];
  const walker = keyv as { iterator(unused: unknown): AsyncIterable<[string, unknown]> };
  for await (const item of walker.iterator(undefined)) items.push(item);
  return items.sort(([one], [other]) => (one < other ? -1 : 1));
}

function cacheOf(): Cache<unknown> {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10_000 }), ttl: "1h" });
  open.push(() => cache.close());
  return cache;
}
