import superjson from "superjson";
import { afterEach, describe, expect, test } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";

/** Where the ways of writing meet: each row stands just below, at, or above a limit of one of them. */
const LIMITS: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ...[47, 48, 49].flatMap((length): [string, unknown][] => [
    [`text of ${length} characters beside a date`, [new Date(0), "x".repeat(length)]],
    [`text of ${length} characters that ends in a quote`, [1n, `${"x".repeat(length - 1)}"`]],
    [`a key of ${length} characters that ends in a quote`, { [`${"x".repeat(length - 1)}"`]: new Date(0) }],
    [`a key of ${length} characters that begins with a dot`, { [`.${"x".repeat(length - 1)}`]: [undefined] }],
  ]),
  ...[15, 16, 17, 18, 40].flatMap((count): [string, unknown][] => [
    [`${count} objects`, Array.from({ length: count }, () => ({}))],
    [`${count} objects and a date`, [...Array.from({ length: count }, () => ({})), new Date(0)]],
    [`${count} objects, the last of them twice`, repeatLast(Array.from({ length: count }, (_, i) => ({ i })))],
    [`${count} lists of ${count} objects`, listsOf(count, (i) => ({ i }))],
    [`${count} lists of ${count} objects, one of which holds a date`, listsOf(count, oddAt(count ** 2 - 1))],
    [`${count} lists of ${count} objects, one of which holds it early`, listsOf(count, oddAt(count + 1))],
    [`${count} lists of ${count} objects, the last of them twice`, repeatLast(listsOf(count, (i) => [{ i }]))],
    [`${count} bigints`, Array.from({ length: count }, (_, i) => BigInt(i))],
    [`${count} bigints, the last of them twice`, repeatLast(Array.from({ length: count }, (_, i) => BigInt(i)))],
    [`${count} bigints, the first of them twice`, [...Array.from({ length: count }, (_, i) => BigInt(i)), 0n]],
  ]),
  ["control characters and DEL beside a date", [new Date(0), "\u0000\u001f\u0020\u007f\u0080\u2028\u2029"]],
  ["halves of surrogate pairs beside a date", [new Date(0), "\ud7ff", "\ud800", "\udfff", "\ue000", "\ud83d\ude00"]],
  ["numbers beside a date", [new Date(0), 1e21, 1e-7, 123456789012345680000, -1.5e-300, 2 ** 53, -0.1]],
  ["an array with an index of its own type before notes from deeper", [{ a: 1n }, 2n, { b: 3n }, 4n]],
  [
    "the first and last instant of four-digit years",
    [Date.UTC(1000, 0), Date.UTC(10_000, 0) - 1].map((at) => new Date(at)),
  ],
  ["the instants around them", [Date.UTC(1000, 0) - 1, Date.UTC(10_000, 0)].map((at) => new Date(at))],
  ["leap days", ["1600-02-29", "1900-02-28", "1972-02-29", "2000-02-29", "2096-02-29"].map((day) => new Date(day))],
  ["the days after them", ["1600-03-01", "1900-03-01", "1972-03-01", "2000-03-01"].map((day) => new Date(day))],
  ["ends of years", ["1969-12-31T23:59:59.999Z", "1999-12-31T23:59:59.999Z"].map((at) => new Date(at))],
];

describe("at the limits of each way of writing", () => {
  test.each(LIMITS)("%s", (_, value) => {
    expect(serializer.encode(value)).toBe(superjson.stringify(value));
    expect(serializer.decode(serializer.encode(value))).toEqual(value);
  });

  test.each([
    ["an object", {}],
    ["an array", []],
  ])("%s with a hidden toJSON is written by what is in it", (_, holder) => {
    Object.defineProperty(holder, "toJSON", { value: () => "changed" });
    for (const value of [holder, { holder }, [holder], { holder, at: new Date(0) }])
      expect(serializer.encode(value)).toBe(superjson.stringify(value));
  });

  test.each([
    ["50,000 lists of an object", Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, [{ i }]]))],
    ["16 lists in lists, 500 deep, side by side", Array.from({ length: 16 }, () => nested(500))],
  ])("%s are looked into without a call for each", (_, value) => {
    expect(serializer.encode(value)).toBe(JSON.stringify({ json: value }));
  });

  test("every day of four centuries is written as by superjson", () => {
    const days = Array.from(
      { length: 146_097 },
      (_, i) => new Date(Date.UTC(1800, 0, 1 + i, i % 24, i % 60, i % 59, i % 1000)),
    );
    expect(serializer.encode(days)).toBe(superjson.stringify(days));
  });
});

describe("where a program has changed what all objects inherit", () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, "added");
  });

  test("a property that every object inherits is not written", () => {
    Reflect.set(Object.prototype, "added", "by a library");
    for (const value of [{ a: 1 }, [1], { n: 1n }, { at: new Date(0) }, new Map([["k", 1n]])])
      expect(serializer.encode(value)).toBe(superjson.stringify(value));
  });

  test.each([
    ["objects", Object.prototype],
    ["arrays", Array.prototype],
  ])("%s that are written in a way of their own are written so", (_, prototype) => {
    Object.defineProperty(prototype, "toJSON", { configurable: true, value: () => "changed" });
    const values = [{ a: 1 }, [1], { at: new Date(0) }, [1n]];
    const texts = values.map((value) => [serializer.encode(value), superjson.stringify(value)]);
    // The test runner writes JSON too.
    Reflect.deleteProperty(prototype, "toJSON");
    for (const [ours, theirs] of texts) expect(ours).toBe(theirs);
    expect(texts.length).toBeGreaterThan(0);
  });
});

function nested(depth: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function repeatLast<T>(items: readonly T[]): unknown {
  return { items, again: [{ last: items.at(-1) }] };
}

/** `count` lists of `count` items each, which are numbered. */
function listsOf(count: number, item: (i: number) => unknown): unknown[] {
  return Array.from({ length: count }, (_, row) => Array.from({ length: count }, (_, i) => item(row * count + i)));
}

function oddAt(place: number): (i: number) => unknown {
  return (i) => ({ of: { i, at: i === place ? new Date(i) : null } });
}
