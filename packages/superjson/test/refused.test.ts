import { CacheError, isCacheError } from "@granary/core";
import superjson from "superjson";
import { describe, expect, test } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";

class User {
  readonly name = "Ann";
}
class Timestamp extends Date {}
class List extends Array<unknown> {}
class Digest extends Uint8Array {}
class Money {
  toJSON(): string {
    return "1.00";
  }
}

const pair: Record<string, unknown> = {};
const other = { set: new Set<unknown>([pair]) };
other.set.add(other);
pair["other"] = other;

/** What would not come back equal, and a part of what the message must say. */
const REFUSED: ReadonlyArray<readonly [name: string, value: unknown, message: string]> = [
  ["an instance of a class", { users: [{ owner: new User() }] }, "value.users[0].owner is an instance of User"],
  ["an instance with a toJSON method", { "a b": new Money() }, 'value["a b"] is an instance of Money'],
  ["a date of a derived class", [new Timestamp()], "value[0] is an instance of Timestamp"],
  ["an array of a derived class", new List(1), "value is an instance of List"],
  ["an error of a derived class", new TypeError("no"), "value is an instance of TypeError"],
  ["an object with another prototype", Object.create({ a: 1 }), "value is an"],
  ["Object.prototype", Object.prototype, "value is an object with a prototype of its own"],
  ["bytes of a derived class", { data: new Digest(1) }, "value.data is an instance of Digest"],
  ["a function", () => 1, "value is a function"],
  ["a method", { go() {} }, "value.go is a function"],
  ["a toJSON method on plain data", { a: 1, toJSON: () => ({}) }, "value.toJSON is a function"],
  ["a class", { User }, "value.User is a function"],
  ["a symbol", [Symbol("s")], "value[0] is a symbol"],
  ["a promise", { user: Promise.resolve(1) }, "value.user is a Promise; await it first"],
  ["a weak map", new WeakMap(), "value is an instance of WeakMap"],
  ["a weak set", [new WeakSet()], "value[0] is an instance of WeakSet"],
  ["shared memory", new SharedArrayBuffer(1), "value is an instance of SharedArrayBuffer"],
  ["a Blob", [new Blob(["a"])], "value[0] is a Blob; store its bytes"],
  [
    "FIELD 30: a bigint that takes long to read",
    { n: 10n ** 10_000n },
    "value.n is a bigint of more than 10000 digits",
  ],
  ["FIELD 30: a long negative bigint", [-(10n ** 10_000n)], "value[0] is a bigint of more than 10000 digits"],
  [
    "FIELD 30: a long regular expression",
    [new RegExp("a".repeat(10_000))],
    "value[0] is a RegExp of more than 10000 characters",
  ],
  [
    "FIELD 30: a URL with a long host",
    new URL(`http://${"a.".repeat(5_000)}org/`),
    "value is a URL whose host has more than 10000 characters",
  ],
  ["search parameters", new URLSearchParams("a=b"), "value is an instance of URLSearchParams"],
  ["a boxed string", [new String("a")], "value[0] is an instance of String"],
  ["a boxed symbol", Object(Symbol("s")), "value is an instance of Symbol"],
  ["an invalid date", new Map([["at", new Date(Number.NaN)]]), "value.values()[0] is an invalid Date"],
  ["a map key of a class", new Map([[new User(), 1]]), "value.keys()[0] is an instance of User"],
  ["a set item of a class", new Set([1, new User()]), "value.values()[1] is an instance of User"],
  ["a cause of a class", new Error("no", { cause: new User() }), "value.cause is an instance of User"],
  // biome-ignore lint/suspicious/noSparseArray: the point of the row
  ["an array with a hole", [1, , 2], "value is an array with a hole at index 1"],
  ["an array that ends in a hole", Array(1), "value is an array with a hole at index 0"],
  ["an array with a hole and a property", Object.assign(Array(1), { a: 1 }), "value is an array with a hole"],
  [
    "a match of a regular expression",
    { match: /a/.exec("a") },
    "value.match is an array with properties of its own (index",
  ],
  ["an array with a plain property", Object.assign(["a"], { columns: 1 }), "properties of its own (columns)"],
  [
    "a date with a property",
    Object.assign(new Date(0), { zone: "UTC" }),
    "value is a Date with properties of its own (zone)",
  ],
  [
    "an error with a property",
    Object.assign(new Error("no"), { code: 1 }),
    "value is an Error with properties of its own (code)",
  ],
  ["a key __proto__", JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'value.a is an object with the key "__proto__"'],
  ["a key constructor", { constructor: 1 }, 'value is an object with the key "constructor"'],
  [
    "a key prototype beside a date",
    { at: new Date(0), b: [{ prototype: 1 }] },
    'value.b[0] is an object with the key "prototype"',
  ],
  ["a set of two objects that it is within", pair, "in a way that superjson does not bring back"],
];

describe("what would not come back equal is refused", () => {
  test.each(REFUSED)("%s", (_, value, message) => {
    const error = errorOf(() => serializer.encode(value));
    expect(error).toBeInstanceOf(CacheError);
    expect(isCacheError(error, "INVALID_VALUE")).toBe(true);
    expect(String(error)).toContain(message);
  });

  test("what superjson itself throws on", () => {
    const thrown = REFUSED.filter(([, value]) => errorOf(() => superjson.stringify(value)) !== undefined);
    expect(thrown.map(([name]) => name)).toEqual(
      expect.arrayContaining(["a key __proto__", "a key constructor", "a key prototype beside a date"]),
    );
  });

  test("the message says how to register a class", () => {
    expect(() => serializer.encode(new User())).toThrow(
      "register the class on a SuperJSON instance and pass that to createSuperjsonSerializer({ instance }), or store plain data",
    );
  });

  test("symbol keys and properties that are not enumerable are left out, as in JSON", () => {
    const value = Object.defineProperty({ a: 1, [Symbol("s")]: 2 }, "hidden", { value: 3 });
    expect(serializer.encode(value)).toBe('{"json":{"a":1}}');
    expect(serializer.encode(value)).toBe(superjson.stringify(value));
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
