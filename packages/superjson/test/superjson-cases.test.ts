import superjson, { SuperJSON } from "superjson";
import { describe, expect, test } from "vitest";
import { createSuperjsonSerializer, superjsonSerializer } from "../src/index.js";

/*
 * What superjson's own tests look at, in values of our own. Each is compared with superjson itself: the bytes, what is
 * read back, and which objects are one and the same in it.
 */

const pattern = /lorem/gi;
const tag = { label: "new" };
const when = new Date(Date.UTC(2021, 5, 7));

const parent: Record<string, unknown> = { role: "parent" };
parent["children"] = [{ role: "child", of: parent }];

const list: unknown[] = ["head"];
list.push(list);

const tree = new Map<string, unknown>([["leaf", 1]]);
tree.set("root", tree);

const CASES: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["nested objects", { shop: { name: "Fig", owner: null }, open: true }],
  ["objects with keys like those of arrays", { rows: { 0: "a", 1: "b", 7: { 8: "c" } } }],
  ["an object that looks like an array", { 0: "a", 1: undefined, length: 2 }],
  ["arrays with undefined in the middle", { marks: ["a", undefined, "c"] }],
  ["a set within an object", { ids: new Set([3, undefined, 5]) }],
  ["a set at the top", new Set(["x", undefined, "y"])],
  ["a set of sets", new Set([new Set([1n]), new Set(["1"])])],
  [
    "maps with keys of every simple kind",
    new Map<unknown, string>([
      [4, "number"],
      ["4", "text"],
      [4n, "bigint"],
      [true, "boolean"],
      [null, "null"],
      [undefined, "undefined"],
      [Number.NaN, "NaN"],
    ]),
  ],
  ["a map with an object as a key", new Map([[{ a: [1] }, "one"]])],
  [
    "a map with two keys of the same text",
    new Map([
      [/same/g, 1],
      [/same/g, 2],
    ]),
  ],
  ["a map whose key is also a property", { pattern, uses: new Map([[pattern, 3]]) }],
  ["one object in two maps", { a: new Map([["x", tag]]), b: new Map([["y", tag]]) }],
  ["one object as the value of two keys", { first: tag, second: tag, third: { inner: tag } }],
  ["one object in an array twice", [tag, "between", tag]],
  ["one object at the top and below", [[tag], tag]],
  ["one map twice", { a: tree.size > 0 ? new Map([["k", tag]]) : null, b: [tag] }],
  ["an object within its own child", parent],
  ["an array within itself", list],
  ["a map within itself", tree],
  ["equal dates that are not one", [new Date(when), new Date(when)]],
  ["one date twice", { from: when, to: when }],
  ["keys with dots", { "a.b": { "c.d": new Set([1]) } }],
  ["keys with backslashes", { "a\\b": { "c\\.d": new Set([1]) } }],
  ["a date deep down", { meeting: { slots: [{ at: when }] } }],
  ["patterns with and without flags", { a: /x/, b: /x/gimsuy }],
  ["infinities", { up: Number.POSITIVE_INFINITY, down: Number.NEGATIVE_INFINITY }],
  ["NaN", { not: Number.NaN }],
  ["negative zero, and zero", { down: -0, up: 0 }],
  ["a large bigint", { n: 1_606_938_044_258_990_275_541_962_092_341_162_602_522_202_993_782_792_835_301_376n }],
  ["a URL", { home: new URL("https://example.com/p?q=1#r") }],
  ["an error with a cause", { failure: new Error("outer", { cause: new Error("inner") }) }],
  ["bytes", { data: new Uint8Array([0, 127, 255]) }],
  ["fractions in typed arrays", [new Float32Array([0.1, 1.5]), new Float64Array([0.1, 1e300])]],
  ["undefined at the top", undefined],
  ["null at the top", null],
  ["a date at the top", when],
  ["a bigint at the top", 10n],
  ["NaN at the top", Number.NaN],
  ["a pattern at the top", pattern],
  ["empty collections", { a: [], b: {}, c: new Map(), d: new Set() }],
  ["an object without a prototype", Object.assign(Object.create(null) as object, { a: when })],
  ["a key that every object inherits", { toString: "text", hasOwnProperty: undefined }],
];

describe("what superjson's own tests look at", () => {
  test.each(CASES)("%s", (_, value) => {
    const wanted = superjson.stringify(value);
    expect(superjsonSerializer.encode(value)).toBe(wanted);
    const [ours, theirs] = [superjsonSerializer.decode(wanted), superjson.parse(wanted)];
    expect(ours).toEqual(theirs);
    expect(superjson.stringify(ours)).toBe(superjson.stringify(theirs));
  });

  test("an invalid date, which superjson writes as null, is refused", () => {
    expect(superjson.stringify([new Date(Number.NaN)])).toBe('{"json":[null]}');
    expect(() => superjsonSerializer.encode([new Date(Number.NaN)])).toThrow("an invalid Date");
  });

  test.each(["__proto__", "constructor", "prototype"])("the key %s is refused by both", (key) => {
    const value = JSON.parse(`{"a":{"${key}":1}}`) as unknown;
    expect(() => superjson.stringify(value)).toThrow(key);
    expect(() => superjsonSerializer.encode(value)).toThrow(key);
  });

  test("paths to a prototype are refused by both", () => {
    const text = '{"json":{"a":"1"},"meta":{"values":{"__proto__.a":["bigint"]},"v":1}}';
    expect(() => superjson.parse(text)).toThrow("__proto__");
    expect(() => superjsonSerializer.decode(text)).toThrow("__proto__");
  });
});

class Train {
  constructor(
    readonly line: string,
    readonly leaves: Date,
  ) {}
}
class Depot {
  constructor(readonly trains: readonly Train[]) {}
}
class Refusal extends Error {}
class Money {
  constructor(readonly cents: bigint) {}
}
const EXPRESS = Symbol("express");
const train = new Train("S1", when);

function trained(): SuperJSON {
  const instance = new SuperJSON();
  instance.registerClass(Train, { identifier: "train" });
  instance.registerClass(Depot);
  instance.registerSymbol(EXPRESS, "express");
  instance.registerCustom<Money, string>(
    {
      isApplicable: (value): value is Money => value instanceof Money,
      serialize: ({ cents }) => String(cents),
      deserialize: (text) => new Money(BigInt(text)),
    },
    "money",
  );
  return instance;
}

const REGISTERED: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["a class under a name of its own", { train }],
  ["classes within classes", new Depot([train, new Train("S2", when)])],
  ["an instance that occurs twice", [train, { again: train }]],
  ["an instance as a key of a map", new Map([[train, "first"]])],
  ["a symbol, also in a set", { kind: EXPRESS, kinds: new Set([EXPRESS]) }],
  ["what a transformer takes, in a set", new Set([new Money(5n), new Money(6n)])],
  ["all of it at once", { depot: new Depot([train]), fare: new Money(1n), kind: EXPRESS, when }],
];

describe("what superjson's own tests register", () => {
  test.each(REGISTERED)("%s", (_, value) => {
    const instance = trained();
    const serializer = createSuperjsonSerializer({ instance });
    const wanted = instance.stringify(value);
    expect(serializer.encode(value)).toBe(wanted);
    expect(serializer.decode(wanted)).toEqual(instance.parse(wanted));
    expect(serializer.decode(wanted)).toEqual(value);
  });

  test("two instances know nothing of each other", () => {
    const serializer = createSuperjsonSerializer({ instance: new SuperJSON() });
    expect(() => serializer.encode(train)).toThrow("an instance of Train");
    expect(() => serializer.decode(trained().stringify(train))).toThrow("unknown class");
  });

  test("a transformer comes before the rule for errors", () => {
    const instance = new SuperJSON();
    instance.registerCustom<Refusal, { text: string }>(
      {
        isApplicable: (value): value is Refusal => value instanceof Refusal,
        serialize: ({ message }) => ({ text: message }),
        deserialize: ({ text }) => new Refusal(text),
      },
      "refusal",
    );
    const serializer = createSuperjsonSerializer({ instance });
    const value = { error: new Refusal("no seats") };
    expect(serializer.encode(value)).toBe(instance.stringify(value));
    expect(serializer.decode(serializer.encode(value))).toEqual(value);
  });
});
