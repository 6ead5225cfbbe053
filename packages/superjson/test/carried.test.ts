import superjson from "superjson";
import { describe, expect, test } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";

const shared = { n: 1 };
const moment = new Date(1_700_000_000_000);
const loop: Record<string, unknown> = { name: "loop" };
loop["self"] = loop;

/** Every kind that superjson carries, and the shapes in which it writes them differently. */
const CARRIED: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["undefined", undefined],
  ["null", null],
  ["a boolean", false],
  ["zero", 0],
  ["negative zero", -0],
  ["NaN", Number.NaN],
  ["infinities", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ["numbers in unusual notation", [1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53]],
  ["an empty string", ""],
  ["lone surrogates, in keys too", { "\ud800": "\udfff", "a.\udc00": undefined }],
  ["control characters and quotes", { 'a"\n': '\u0000\\"\u2028' }],
  ["a string of ten million characters", "0123456789".repeat(1_000_000)],
  ["an empty object and an empty array", [{}, []]],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1, b: undefined })],
  ["undefined properties and items", { a: undefined, b: [undefined, { c: undefined }] }],
  ["keys with dots and backslashes", { "a.b": undefined, "c\\d": moment, "\\.": [1n] }],
  ["an empty key", { "": { "": undefined } }],
  ["keys that objects list first", { z: undefined, 1: { x: undefined }, 2: undefined, 10: undefined, "01": 0n }],
  ["the largest array index as a key, and one more", { a: undefined, 4294967295: undefined, 4294967294: undefined }],
  ["keys that every object inherits", { toString: undefined, hasOwnProperty: 1n, valueOf: "x" }],
  ["typed and untyped items in turn", [{ x: undefined }, undefined, [[1n]], undefined]],
  ["a bigint", 12345678901234567890n],
  ["equal bigints", { a: 1n, list: [{ b: 1n }, 2n], c: 1n, d: 2n, "e.f": 2n }],
  ["equal bigints within maps and sets", { x: 1n, map: new Map([[1n, new Set([1n, 2n])]]), y: 2n }],
  ["NaN several times", { a: Number.NaN, list: [Number.NaN, 1, Number.NaN] }],
  ["NaN in a set and elsewhere", { a: Number.NaN, set: new Set([Number.NaN, 1]) }],
  ["a date", moment],
  ["dates of unusual years", [-62167219200001, 253402300800000, 8.64e15, -8.64e15, 0, -1].map((ms) => new Date(ms))],
  ["a date in the year 999", new Date("0999-12-31T23:59:59.009Z")],
  ["a regular expression", /a\/[/]\n"/dgimsuy],
  ["an empty regular expression", new RegExp("")],
  ["a URL", new URL("https://user:pass@example.org:8080/ä?b=c#d")],
  ["an empty map and an empty set", [new Map(), new Set()]],
  [
    "a map of everything",
    new Map<unknown, unknown>([
      [undefined, moment],
      [{ a: 1n }, [new Set(["x"])]],
      [-0, null],
    ]),
  ],
  ["a set of everything", new Set<unknown>([undefined, null, "", 0, Number.NaN, 5n, { a: undefined }, new Set([[]])])],
  ["maps in maps", new Map([["a", new Map([["b", new Map([[moment, undefined]])]])]])],
  ["typed arrays", [new Int8Array([-1]), new Uint8Array([255]), new Uint8ClampedArray(), new Int16Array([1])]],
  ["larger typed arrays", [new Uint16Array([1]), new Int32Array([1]), new Uint32Array([1]), new Float32Array([0.5])]],
  ["a typed array in a map", new Map([["a", new Float64Array([0.1, -2])]])],
  ["an object that occurs twice", { a: shared, b: [shared] }],
  ["an empty array that occurs twice", Array(2).fill([])],
  ["a date that occurs twice", { "a.b": moment, c: moment }],
  ["an object that contains itself", loop],
];

describe("what superjson carries", () => {
  test.each(CARRIED)("%s gives its bytes and comes back equal", (_, value) => {
    const wanted = superjson.stringify(value);
    expect(serializer.encode(value) === wanted).toBe(true);
    expect(serializer.decode(wanted)).toEqual(value);
    expect(serializer.decode(wanted)).toEqual(superjson.parse(wanted));
  });

  test.each(CARRIED)("%s gives the same bytes deep within a value", (_, value) => {
    const nested = { first: [1], list: [{ id: 1, "odd.key": new Map([["k", { value }]]) }], at: new Date(0) };
    expect(serializer.encode(nested) === superjson.stringify(nested)).toBe(true);
    expect(serializer.decode(serializer.encode(nested))).toEqual(nested);
  });

  test("what occurred twice is one object again", () => {
    const { a, b } = serializer.decode(serializer.encode({ a: shared, b: [shared] })) as { a: unknown; b: unknown[] };
    expect(b[0]).toBe(a);
  });

  test("negative zero stays negative", () => {
    expect(serializer.decode(serializer.encode([-0]))).toStrictEqual([-0]);
  });

  test("bytes are read like text", () => {
    const value = { text: "žluť \ud83d\ude00", at: moment };
    expect(serializer.decode(new TextEncoder().encode(superjson.stringify(value)))).toEqual(value);
  });

  test("a getter is written by what it gives", () => {
    const value = {
      get at() {
        return moment;
      },
      get list() {
        return [1];
      },
    };
    expect(serializer.encode(value)).toBe(superjson.stringify(value));
  });

  test("an error keeps its name, message and cause", () => {
    const error = Object.assign(new Error("no", { cause: moment }), { name: "Refused" });
    expect(serializer.encode(error)).toBe(superjson.stringify(error));
    expect(serializer.decode(serializer.encode({ error }))).toMatchObject({
      error: { name: "Refused", message: "no", cause: moment },
    });
  });

  test("an error that was read can be written again", () => {
    const error = serializer.decode(serializer.encode(new Error("no")));
    expect(serializer.encode(error)).toBe(superjson.stringify(error));
  });

  test("encode changes nothing", () => {
    for (const [, value] of CARRIED) {
      const before = structuredCloneOf(value);
      serializer.encode(value);
      expect(value).toEqual(before);
    }
    expect(CARRIED.length).toBeGreaterThan(0);
  });
});

/** `structuredClone` does not know URLs. */
function structuredCloneOf(value: unknown): unknown {
  return value instanceof URL ? new URL(value) : structuredClone(value);
}
