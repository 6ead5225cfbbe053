import { isCacheError } from "@granary/core";
import fc from "fast-check";
import superjson from "superjson";
import { describe, expect, test } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";
import { richValue } from "./values.js";

const withValues = (json: unknown, values: unknown) => JSON.stringify({ json, meta: { values, v: 1 } });
const withEqualities = (json: unknown, referentialEqualities: unknown) =>
  JSON.stringify({ json, meta: { referentialEqualities, v: 1 } });

const FOREIGN: ReadonlyArray<readonly [name: string, text: string]> = [
  ["nothing", ""],
  ["text", "hello"],
  ["half of it", '{"json":'],
  ["an object without json", '{"a":1}'],
  ["another key of as many letters", '{"data":1}'],
  ["json in a prototype", '{"__proto__":{"json":1}}'],
  ["a value and then another bracket", '{"json":1]'],
  ["a value and then another brace", '{"json":1}}'],
  ["two values", '{"json":1,2}'],
  ["no value", '{"json":}'],
  ["null", "null"],
  ["a number", "1"],
  ["an array", "[1]"],
  ["meta null", '{"json":1,"meta":null}'],
  ["meta an array", '{"json":1,"meta":[]}'],
  ["meta text", '{"json":1,"meta":"x"}'],
  ["an unknown part of meta", '{"json":1,"meta":{"v":1,"types":{}}}'],
  ["an unknown version", '{"json":1,"meta":{"v":2}}'],
  ["values null", withValues(1, null)],
  ["values text", withValues(1, "Date")],
  ["values an empty array", withValues(1, [])],
  ["values with a third part", withValues([], ["set", {}, {}])],
  ["an unknown type", withValues(1, ["Temporal"])],
  ["a type that every object inherits", withValues("a", ["toString"])],
  ["a type that is an object", withValues("a", [{}])],
  ["a path that leads nowhere", withValues({ a: 1 }, { b: ["Date"] })],
  ["a path through a number", withValues({ a: 1 }, { "a.b": ["undefined"] })],
  ["a path through what is inherited", withValues({}, { "toString.length": ["undefined"] })],
  ["a path to a prototype", withValues({}, { "__proto__.a": ["undefined"] })],
  ["a path that is not escaped", withValues({ "a\\b": null }, { "a\\b": ["undefined"] })],
  ["an index that is not there", withValues([], { "0": ["undefined"] })],
  ["an index in another form", withValues([null], { "00": ["undefined"] })],
  ["a path into a date", withValues("2020", ["Date", { a: ["undefined"] }])],
  ["undefined that is not null", withValues(1, ["undefined"])],
  ["a date of a number", withValues(1, ["Date"])],
  ["a date that is none", withValues("yesterday", ["Date"])],
  ["a bigint of a boolean", withValues(true, ["bigint"])],
  ["a bigint of nothing", withValues("", ["bigint"])],
  ["a number that is one", withValues("1", ["number"])],
  ["a set of an object", withValues({}, ["set"])],
  ["a set of text", withValues("abc", ["set"])],
  ["a map of single items", withValues([[1]], ["map"])],
  ["a map of text", withValues(["ab"], ["map"])],
  ["a regular expression without slashes", withValues("a", ["regexp"])],
  ["a regular expression that does not compile", withValues("/(/", ["regexp"])],
  ["a URL that is none", withValues("a b", ["URL"])],
  ["an error of text", withValues("no", ["Error"])],
  ["an error whose name is a number", withValues({ name: 1, message: "no" }, ["Error"])],
  ["an error whose message is a number", withValues({ name: "Error", message: 1 }, ["Error"])],
  ["an error whose message is null", withValues({ name: "Error", message: null }, ["Error"])],
  ["an error whose message is a list", withValues({ name: "Error", message: ["no"] }, ["Error"])],
  ["an error without a message", withValues({ name: "Error" }, ["Error"])],
  ["a typed array of text", withValues("abc", [["typed-array", "Uint8Array"]])],
  ["a typed array of null", withValues([null], [["typed-array", "Float64Array"]])],
  ["an unknown typed array", withValues([1], [["typed-array", "Buffer"]])],
  ["an unknown class", withValues({}, [["class", "User"]])],
  ["an unknown symbol", withValues("a", [["symbol", "a"]])],
  ["an unknown transformer", withValues("a", [["custom", "a"]])],
  ["an unknown kind of type", withValues("a", [["global", "process"]])],
  ["equalities null", withEqualities({}, null)],
  ["equalities of text", withEqualities({ a: {} }, { a: "b" })],
  ["equalities of numbers", withEqualities({ a: {}, b: {} }, { a: [1] })],
  ["an equality that leads nowhere", withEqualities({ a: {} }, { a: ["b"] })],
  ["an equality from nowhere", withEqualities({ a: {} }, { b: ["a"] })],
  ["an equality of unlike values", withEqualities({ a: {}, b: [] }, { a: ["b"] })],
  ["an equality with text", withEqualities({ a: {}, b: "x" }, { a: ["b"] })],
  ["an equality with a prototype", withEqualities({ a: {} }, { a: ["constructor.prototype"] })],
];

describe("text that superjson cannot have written", () => {
  test.each(FOREIGN)("%s throws", (_, text) => {
    expect(() => serializer.decode(text)).toThrow(Error);
    expect(() => serializer.decode(new TextEncoder().encode(text))).toThrow(Error);
  });

  test("bytes that are not UTF-8 throw", () => {
    expect(() => serializer.decode(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(Error);
  });

  test("an object without json is unreadable, not undefined", () => {
    expect(superjson.parse('{"a":1}')).toBeUndefined();
    expect(() => serializer.decode('{"a":1}')).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });

  test("a note moved to another place throws, or gives a value of its type", () => {
    let looked = 0;
    const damaged = fc.property(richValue, richValue, (one, other) => {
      const { meta } = JSON.parse(superjson.stringify(one)) as { meta?: unknown };
      const { json } = JSON.parse(superjson.stringify(other)) as { json: unknown };
      const value = decodeOrUndefined(JSON.stringify({ json, meta }));
      if (value !== undefined) superjson.stringify(value);
      looked++;
    });
    fc.assert(damaged, { numRuns: 5_000 });
    expect(looked).toBe(5_000);
  });
});

describe("text in which only the value stands", () => {
  test.each([
    '{"json":null}',
    '{"json":{"v":1}}',
    '{"json":{"meta":{"values":{},"v":1}}}',
    '{"json":"}"}',
    ' {"json":1}',
    '{"json":1} ',
    '{"json" : 1 }',
    '{"json": 1 }',
    '{"json":1,"json":2}',
    '{"json":1,"other":2}',
    '{"other":2,"json":1}',
  ])("%s is read as superjson reads it", (text) => {
    expect(serializer.decode(text)).toStrictEqual(superjson.parse(text));
    expect(serializer.decode(new TextEncoder().encode(text))).toStrictEqual(superjson.parse(text));
  });
});

describe("text of older versions of superjson, which wrote no version", () => {
  test("is read as they wrote it", () => {
    const text = JSON.stringify({
      json: { "a.b": { "c\\d": null } },
      meta: { values: { "a\\.b.c\\d": ["undefined"] } },
    });
    expect(serializer.decode(text)).toEqual(superjson.parse(text));
    expect(serializer.decode(text)).toStrictEqual({ "a.b": { "c\\d": undefined } });
  });

  test("an equality is read as they wrote it", () => {
    const text = '{"json":{"a.b":{},"c":{}},"meta":{"referentialEqualities":{"c":["a\\\\.b"]}}}';
    const value = serializer.decode(text) as Record<string, unknown>;
    expect(value["a.b"]).toBe(value["c"]);
  });
});

function decodeOrUndefined(text: string): unknown {
  try {
    return serializer.decode(text);
  } catch (error) {
    expect(isCacheError(error, "UNREADABLE") || error instanceof Error).toBe(true);
    return undefined;
  }
}
