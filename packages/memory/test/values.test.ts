import { isCacheError } from "@granary/core";
import { memoryStore, type ValueMode } from "@granary/memory";
import { describe, expect, test } from "vitest";

const LIFE = { createdAt: 0, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY };

function kept<T>(values: ValueMode, value: T): T {
  const store = memoryStore({ values });
  store.set("k", { ...LIFE, value });
  return store.get("k")?.value as T;
}

class Account {
  constructor(readonly owner: string) {}
}

describe("shared values", () => {
  test("are one object for all, whatever it is", () => {
    const account = new Account("a");
    expect(kept("shared", account)).toBe(account);
  });
});

describe("frozen values", () => {
  const changes: ReadonlyArray<readonly [string, () => unknown, (value: never) => unknown]> = [
    ["a property", () => ({ n: 1 }), (value: { n: number }) => (value.n = 2)],
    ["a property deep inside", () => [{ a: { n: 1 } }], (value: [{ a: { n: number } }]) => (value[0].a.n = 2)],
    ["an array", () => [1], (value: number[]) => value.push(2)],
    ["a date", () => new Date(5), (value: Date) => value.setFullYear(1)],
    ["a map", () => new Map([[1, 1]]), (value: Map<number, number>) => value.set(2, 2)],
    [
      "an object inside a map",
      () => new Map([[1, { n: 1 }]]),
      (value: Map<number, { n: number }>) => ((value.get(1) as { n: number }).n = 2),
    ],
    ["a set", () => new Set([1]), (value: Set<number>) => value.clear()],
    ["a URL", () => new URL("https://a.example/b"), (value: URL) => (value.pathname = "/c")],
    [
      "the query of a URL",
      () => new URL("https://a.example/?b=1"),
      (value: URL) => value.searchParams.append("c", "2"),
    ],
    ["the last index of a regular expression", () => /a/g, (value: RegExp) => (value.lastIndex = 3)],
    ["an error", () => new Error("x"), (value: Error) => (value.message = "y")],
  ];

  test.each(changes)("throw on a change of %s", (_what, make, change) => {
    const value = kept("frozen", make());
    expect(() => change(value as never)).toThrow(TypeError);
    expect(value).toEqual(make());
  });

  test("are one object for all readers, and not the writer's", () => {
    const own = { list: [1] };
    const store = memoryStore({ values: "frozen" });
    store.set("k", { ...LIFE, value: own });
    own.list.push(2);
    expect(store.get("k")?.value).toEqual({ list: [1] });
    expect(store.get("k")?.value).toBe(store.get("k")?.value);
    expect(Object.isFrozen(own)).toBe(false);
  });

  test("with bytes in them are given as copies", () => {
    const store = memoryStore({ values: "frozen" });
    store.set("k", { ...LIFE, value: { bytes: Uint8Array.of(1, 2) } });
    const first = store.get("k")?.value as { bytes: Uint8Array };
    first.bytes[0] = 9;
    expect(store.get("k")?.value).toEqual({ bytes: Uint8Array.of(1, 2) });
  });
});

describe("cloned values", () => {
  test("keep cycles, parts that occur twice, holes, symbols and objects without a prototype", () => {
    const part = { n: 1 };
    const symbol = Symbol("s");
    const value: Record<string | symbol, unknown> = { left: part, right: part, holes: [1, , 3], [symbol]: [1] };
    value["self"] = value;
    value["bare"] = Object.assign(Object.create(null) as object, { a: 1 });
    const copy = kept("cloned", value);
    expect(copy).not.toBe(value);
    expect(copy["self"]).toBe(copy);
    expect(copy["left"]).toBe(copy["right"]);
    expect(copy["left"]).not.toBe(part);
    expect(1 in (copy["holes"] as unknown[])).toBe(false);
    expect(copy[symbol]).toEqual([1]);
    expect(Object.getPrototypeOf(copy["bare"])).toBeNull();
  });

  test("keep a property named __proto__ a property", () => {
    const copy = kept("cloned", JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(["__proto__"]);
    expect(copy["admin"]).toBeUndefined();
  });

  test("keep the class of bytes and errors", () => {
    const bytes = Buffer.from("abc");
    const copy = kept("cloned", {
      bytes,
      floats: Float64Array.of(0.5),
      view: new DataView(bytes.buffer, bytes.byteOffset, 2),
    });
    expect(Buffer.isBuffer(copy.bytes)).toBe(true);
    expect(copy.bytes.buffer).not.toBe(bytes.buffer);
    expect(copy.floats).toEqual(Float64Array.of(0.5));
    expect(copy.view.getUint8(1)).toBe(98);
    const error = kept("cloned", Object.assign(new RangeError("x", { cause: { n: 1 } }), { code: "E" }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: "x", code: "E", cause: { n: 1 } });
  });
});

describe.each(["frozen", "cloned"] as const)("%s values", (values) => {
  const refused: ReadonlyArray<readonly [string, () => unknown]> = [
    ["a function", () => () => 1],
    ["a function inside", () => ({ list: [{ run: () => 1 }] })],
    ["an instance of a class", () => new Account("a")],
    ["a subclass of a class of the language", () => new (class Own extends Map {})()],
    ["an error of one's own", () => new (class OwnError extends Error {})("x")],
    ["a promise", () => Promise.resolve(1)],
    ["a weak map", () => new WeakMap()],
    ["a list of a class of one's own", () => new (class Own extends Array {})()],
    ["a list with properties of its own", () => Object.assign([1], { index: 3 })],
    ["data nested too deep", () => Array.from({ length: 200_000 }).reduce<unknown>((inner) => [inner], 0)],
  ];

  test("refuse a value that cannot be looked at, and say why", () => {
    const store = memoryStore({ values });
    const value = {
      get total(): number {
        throw new Error("not loaded yet");
      },
    };
    expect(() => store.set("k", { ...LIFE, value })).toThrow(
      expect.objectContaining({ code: "INVALID_VALUE", message: "This value cannot be copied: not loaded yet." }),
    );
  });

  test.each(refused)("refuse %s, say what to write instead, and drop the old entry", (_what, make) => {
    const store = memoryStore({ values });
    store.set("k", { ...LIFE, value: 1 });
    const set = () => store.set("k", { ...LIFE, value: make() });
    expect(set).toThrow(expect.toSatisfy((error: unknown) => isCacheError(error, "INVALID_VALUE")));
    expect(set).toThrow(/store/i);
    expect(store.get("k")).toBeUndefined();
  });
});
