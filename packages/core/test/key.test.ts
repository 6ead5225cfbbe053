import { type CacheStore, createCache, type Id, type Params } from "@granary/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Keys } from "../src/key.js";

const RUNS = Number(process.env["GRANARY_RUNS"] ?? 20_000);
const keys = new Keys({ prefix: "granary", version: "v1", namespace: "users" });

describe("a key", () => {
  it.each(
    (
      [
        ["123", undefined, "granary:v1:users:123"],
        [123, undefined, "granary:v1:users:123"],
        [-0, undefined, "granary:v1:users:0"],
        ["a:b*c d", undefined, "granary:v1:users:a:b*c d"],
        ["", undefined, "granary:v1:users:"],
        ["50%?", undefined, "granary:v1:users:50%25%3F"],
        ["{tag}", undefined, "granary:v1:users:%7Btag%7D"],
        ["🦫", undefined, "granary:v1:users:🦫"],
        ["\ud83e", undefined, "granary:v1:users:%uD83E"],
        ["1", { page: 2, q: "x y" }, 'granary:v1:users:1?(page:2,q:"x y")'],
        ["1", { q: "{}" }, 'granary:v1:users:1?(q:"\\u007b\\u007d")'],
        [
          "1",
          { at: new Date(0), big: 5n, list: [true, null] },
          "granary:v1:users:1?(at:@1970-01-01T00:00:00.000Z,big:5n,list:[true,null])",
        ],
        ["1", { "a b": 1 }, 'granary:v1:users:1?("a b":1)'],
        ["1", "all", 'granary:v1:users:1?"all"'],
      ] as Array<[Id, Params, string]>
    ).map(([id, params, key]) => [key, { id, params }] as const),
  )("can be read: %s", (key, { id, params }) => {
    expect(keys.of(id, params)).toBe(key);
  });

  it("is the same for params in any order, nested, with dates", () => {
    const one = { a: { x: 1, y: [new Date(5)] }, b: 2 };
    const other = { b: 2, a: { y: [new Date(5)], x: 1 } };
    expect(keys.of("1", one)).toBe(keys.of("1", other));
  });

  it("tells apart what looks alike", () => {
    const lookalikes: Params[] = [
      undefined,
      null,
      true,
      "true",
      1,
      "1",
      1n,
      "1n",
      "",
      [],
      [""],
      {},
      [[]],
      [null],
      { a: 1 },
      { a: "1" },
      "(a:1)",
      [1, 2],
      ["1,2"],
      new Date(0),
      "1970-01-01T00:00:00.000Z",
      "@1970-01-01T00:00:00.000Z",
      { "a:1,b": 2 },
      { a: 1, b: 2 },
      { a: { b: 1 } },
      { "a.b": 1 },
      Number.NaN,
      "NaN",
      Number.POSITIVE_INFINITY,
      { null: 1 },
      { "": 1 },
    ];
    const made = lookalikes.map((params) => keys.of("1", params));
    expect(new Set(made).size).toBe(lookalikes.length);
  });

  it("tells ids apart whose common 32-bit hashes collide", () => {
    // Pairs with equal 32-bit FNV-1a, Java hashCode and CRC-32 values.
    const pairs = [
      ["costarring", "liquid"],
      ["declinate", "macallums"],
      ["altarage", "zinke"],
      ["Aa", "BB"],
      ["plumless", "buckeroo"],
    ];
    for (const [one = "", other = ""] of pairs) expect(keys.of(one)).not.toBe(keys.of(other));
    for (const [one = "", other = ""] of pairs) expect(keys.of("1", { q: one })).not.toBe(keys.of("1", { q: other }));
  });

  it("is never shared by two different (id, params)", () => {
    const tricky = fc.string({
      unit: fc.constantFrom("a", "?", "(", ")", "%", "3", "F", ":", '"', "\\", ",", "{", "\ud800", "1"),
    });
    const plain = fc.letrec((tie) => ({
      params: fc.oneof(
        { maxDepth: 3 },
        tricky,
        fc.integer(),
        fc.bigInt(),
        fc.boolean(),
        fc.constant(null),
        fc.date({ noInvalidDate: true }),
        fc.array(tie("params"), { maxLength: 3 }),
        fc.dictionary(tricky, tie("params"), { maxKeys: 3 }),
      ),
    })).params as fc.Arbitrary<Params>;
    const seen = new Map<string, string>();
    const canonical = (id: string, params: Params | undefined): string => JSON.stringify([id, typed(params)]);
    fc.assert(
      fc.property(tricky, fc.option(plain, { nil: undefined }), (id, params) => {
        const key = keys.of(id, params);
        const meaning = canonical(id, params);
        expect(seen.get(key) ?? meaning).toBe(meaning);
        seen.set(key, meaning);
      }),
      { numRuns: RUNS },
    );
    expect(seen.size).toBeGreaterThan(RUNS / 10);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, null, {}, Symbol("x"), true, 1n])(
    "of the id %s is refused",
    async (id) => {
      const cache = createCache({ store: mapStore() });
      await expect(cache.get(id as never)).rejects.toMatchObject({ code: "INVALID_KEY" });
      await expect(cache.getOrSet(id as never, () => 1)).rejects.toMatchObject({ code: "INVALID_KEY" });
    },
  );

  it("of params that are not plain data is refused", async () => {
    class Money {}
    const self: Record<string, unknown> = {};
    self["self"] = self;
    const cache = createCache({ store: mapStore() });
    for (const wrong of [
      new Money(),
      new Map(),
      () => 1,
      Symbol("x"),
      new Date(Number.NaN),
      self,
      { a: { b: new Set() } },
      // Query operators of an ORM, and what a regular expression found: two of them would share a key.
      { price: { [Symbol.for("gt")]: 5 } },
      Object.assign(["a"], { index: 3 }),
    ]) {
      await expect(cache.get("1", { params: wrong as never })).rejects.toMatchObject({ code: "INVALID_KEY" });
    }
  });

  it("has room for an id of 10 kB", () => {
    expect(keys.of("x".repeat(10_240))).toHaveLength("granary:v1:users:".length + 10_240);
  });

  it.each(["", "a:b", "a/b", "{a}", "\ud800"])("refuses the namespace %j", (namespace) => {
    expect(() => createCache({ store: mapStore(), namespace })).toThrow(
      expect.objectContaining({ code: "INVALID_KEY" }),
    );
    expect(() => createCache({ store: mapStore() }).namespace(namespace)).toThrow(/namespace: /);
  });
});

/** Params as JSON that keeps types apart, and properties in one order. */
function typed(value: Params | undefined): unknown {
  if (value instanceof Date) return ["date", value.getTime()];
  if (Array.isArray(value)) return ["array", value.map((item: Params) => typed(item))];
  if (typeof value === "object" && value !== null) {
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return ["object", sorted.map(([name, item]) => [name, typed(item as Params)])];
  }
  return [typeof value, String(value)];
}

function mapStore(): CacheStore {
  const map = new Map();
  return {
    name: "map",
    get: (key) => map.get(key),
    set: (key, entry) => void map.set(key, entry),
    delete: (key) => map.delete(key),
  };
}
