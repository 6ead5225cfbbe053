import { createContext, runInContext } from "node:vm";
import { farStore, isEqual, keyTable, valueTable } from "@granary/testkit";
import { describe, expect, test } from "vitest";

describe("equality", () => {
  test.each(valueTable)("holds between two makings of: $name", ({ make }) => {
    expect(isEqual(make(), make())).toBe(true);
  });

  test("holds between no two rows of the table of values", () => {
    const rows = valueTable.map(({ name, make }) => [name, make()] as const);
    let compared = 0;
    rows.forEach(([name, left], at) => {
      for (const [other, right] of rows.slice(at + 1)) {
        expect(isEqual(left, right) || isEqual(right, left), `${name}, ${other}`).toBe(false);
        compared += 1;
      }
    });
    expect(compared).toBeGreaterThan(500);
  });

  const differing: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["undefined and absent", { a: undefined }, {}],
    ["holes and undefined", [, 1], [undefined, 1]],
    ["a class and a plain object", new (class {})(), {}],
    ["dates", new Date(1), new Date(2)],
    ["maps in depth", new Map([["a", { n: 1 }]]), new Map([["a", { n: 2 }]])],
    ["sets", new Set([1]), new Set([2])],
    ["flags", /a/g, /a/i],
    ["bytes", Uint8Array.of(1), Uint8Array.of(2)],
    ["kinds of bytes", Uint8Array.of(1), Int8Array.of(1)],
    ["buffers", Uint8Array.of(1).buffer, Uint8Array.of(2).buffer],
    ["messages", new Error("a"), new Error("b")],
    ["a bigint and a number", 1n, 1],
    ["lengths", [1], [1, 2]],
  ];

  test.each(differing)("tells %s", (_what, left, right) => {
    expect([isEqual(left, right), isEqual(right, left)]).toEqual([false, false]);
  });

  const context = createContext({ URL });
  const elsewhere = (code: string): unknown => runInContext(`(${code})`, context);
  const ofAnyRealm: ReadonlyArray<readonly [code: string, here: unknown, differing: unknown]> = [
    ["{ a: [1, { b: 2 }] }", { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }],
    ["new Map([['a', { n: 1 }]])", new Map([["a", { n: 1 }]]), new Map([["a", { n: 2 }]])],
    ["new Set([1])", new Set([1]), new Set([2])],
    ["new Date(1)", new Date(1), new Date(2)],
    ["/a/g", /a/g, /b/g],
    ["new URL('https://a.example/')", new URL("https://a.example/"), new URL("https://b.example/")],
    ["new RangeError('a')", new RangeError("a"), new Error("a")],
    ["Uint8Array.of(1)", Uint8Array.of(1), Uint8Array.of(2)],
    ["Uint8Array.of(1).buffer", Uint8Array.of(1).buffer, Uint8Array.of(2).buffer],
    ["Object.create(null)", Object.create(null), {}],
  ];

  test.each(ofAnyRealm)("C41: knows the same of another realm: %s", (code, here, differing) => {
    expect([isEqual(elsewhere(code), here), isEqual(here, elsewhere(code))]).toEqual([true, true]);
    expect([isEqual(elsewhere(code), differing), isEqual(differing, elsewhere(code))]).toEqual([false, false]);
  });

  test("C41: a URL of another realm travels as one of this realm does", async () => {
    const store = farStore().connect();
    const life = { createdAt: 0, freshUntil: Infinity, keepUntil: Infinity };
    await store.set("k", { ...life, value: elsewhere("new URL('https://a.example/')") });
    expect((await store.get("k"))?.value).toStrictEqual(new URL("https://a.example/"));
  });

  test("ends on cycles", () => {
    const cycle = (n: number) => {
      const value: Record<string, unknown> = { n };
      value["self"] = [value];
      return value;
    };
    expect([isEqual(cycle(1), cycle(1)), isEqual(cycle(1), cycle(2))]).toEqual([true, false]);
  });
});

test("no key stands twice in the table of keys", () => {
  expect(keyTable.length).toBeGreaterThan(20);
  expect(new Set(keyTable).size).toBe(keyTable.length);
});
