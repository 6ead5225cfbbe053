import superjson from "superjson";
import { describe, expect, test, vi } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";

const RECORDS = 500;

/** Values whose size is about proportional to `n`, and in which much occurs twice. */
const SHAPES: ReadonlyArray<readonly [name: string, make: (n: number) => unknown]> = [
  ["a list and a map by id", (n) => withRecords(n, (list) => ({ list, byId: new Map(list.map((r, id) => [id, r])) }))],
  [
    "a map with objects for keys",
    (n) => withRecords(n, (list) => ({ list, byUser: new Map(list.map((r) => [r, 1])) })),
  ],
  ["a list and a set", (n) => withRecords(n, (list) => ({ list, all: new Set(list) }))],
  ["two sets in a map", (n) => withRecords(n, (list) => new Map([1, 2].map((key) => [key, new Set(list)])))],
  ["items that point at the whole", (n) => rooted(n)],
  [
    "equal bigints in a set and a map",
    (n) => ({ set: new Set(bigints(n)), map: new Map(bigints(n).map((b) => [b, b])) }),
  ],
];

describe("FIELD 30: reading takes steps in proportion to the size of the text", () => {
  test.each(SHAPES)("%s", (_, make) => {
    const [few, many] = [make(RECORDS), make(4 * RECORDS)].map((value) => {
      const text = superjson.stringify(value);
      return stepsOf(() => expect(serializer.decode(text)).toBeDefined());
    }) as [number, number];
    expect(few).toBeGreaterThan(0);
    expect(many / few).toBeLessThan(5);
  });

  test.each(SHAPES)("%s comes back with what was one still one", (_, make) => {
    const value = make(50);
    const text = superjson.stringify(value);
    expect(serializer.encode(value)).toBe(text);
    expect(serializer.decode(text)).toEqual(value);
    expect(superjson.stringify(serializer.decode(text))).toBe(text);
  });
});

const withValues = (json: unknown, values: unknown): string => JSON.stringify({ json, meta: { values, v: 1 } });
const withType = (json: unknown, type: string): string => withValues({ a: json }, { a: [type] });
const DEEP = 200_000;

/** What somebody who can write to a store could hold its readers up with. */
const CRAFTED: ReadonlyArray<readonly [name: string, text: string]> = [
  ["a bigint of 2 million digits", withType("9".repeat(2_000_000), "bigint")],
  ["a bigint of one digit too many", withType("9".repeat(10_001), "bigint")],
  ["a bigint of one digit too many, below zero", withType(`-${"9".repeat(10_001)}`, "bigint")],
  ["a long regular expression", withType(`/[${"a".repeat(400_000)}]/u`, "regexp")],
  ["a URL with a host beyond ASCII", withType(`http://${"\u4e00\u4e01".repeat(100_000)}`, "URL")],
  ["a URL with a long host that is encoded", withType(`http://${"%E4%B8%80".repeat(20_000)}/a`, "URL")],
  [
    "notes within notes",
    `{"json":1,"meta":{"values":${'["set",{"0":'.repeat(DEEP)}["set"]${"}]".repeat(DEEP)},"v":1}}`,
  ],
  [
    "sets within sets",
    `{"json":${"[".repeat(DEEP)}${"]".repeat(DEEP)},"meta":{"values":${'["set",{"0":'.repeat(DEEP - 1)}["set"]${"}]".repeat(DEEP - 1)},"v":1}}`,
  ],
  ["a path of a million steps that leads nowhere", withValues({ a: 1 }, { ["a.".repeat(1_000_000)]: ["Date"] })],
  ["a path of a million backslashes", withValues({ a: 1 }, { ["\\".repeat(1_000_001)]: ["Date"] })],
  ["an unknown type of a megabyte", withValues({ a: 1 }, { a: [["x".repeat(1_000_000)]] })],
  [
    "two items that an equality makes one",
    '{"json":[{},[{},{}]],"meta":{"values":{"1":["set"]},"referentialEqualities":{"0":["1.0","1.1"]},"v":1}}',
  ],
];

describe("FIELD 30: what takes long to read is refused", () => {
  test.each(CRAFTED)("%s", (_, text) => {
    expect(() => serializer.decode(text)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });

  test("a message does not repeat what may be of any length", () => {
    for (const [, text] of CRAFTED) expect(messageOf(() => serializer.decode(text)).length).toBeLessThan(400);
  });

  test("what is written is within the bounds, up to the last digit and character", () => {
    const value = [
      10n ** 10_000n - 1n,
      1n - 10n ** 10_000n,
      new RegExp("a".repeat(9_998)),
      new URL(`data:text/plain,${"%20".repeat(20_000)}`),
      new URL(`https://example.org/${"%C3%A4/".repeat(20_000)}`),
    ];
    expect(serializer.decode(serializer.encode(value))).toStrictEqual(value);
  });
});

describe("keys that may change a prototype", () => {
  test.each(["__proto__", "constructor", "prototype"])("FIELD 30: %s in foreign bytes is refused", (key) => {
    const escaped = `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
    for (const name of [key, escaped]) {
      for (const text of [
        `{"json":{"a":[{"${name}":{"polluted":1}}]}}`,
        `{"json":{"${name}" :1}}`,
        `{"json":[[1,{"${name}":1}]],"meta":{"values":["map"],"v":1}}`,
        `{"json":{"a":null},"meta":{"values":{"${name}.a":["undefined"]},"v":1}}`,
        `{"json":{"a":{},"b":{}},"meta":{"referentialEqualities":{"a":["${name}.b"]},"v":1}}`,
      ])
        expect(() => serializer.decode(text)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("as values and as keys of a map they are carried", () => {
    const words = ["__proto__", "constructor", "prototype", '"constructor":', "\u0001", "\\u005f", '__proto__"'];
    for (const value of [words, { word: words[0] }, new Map(words.map((word) => [word, { word }])), new Set(words)])
      expect(serializer.decode(serializer.encode(value))).toStrictEqual(value);
  });
});

function withRecords(n: number, make: (list: object[]) => unknown): unknown {
  return make(Array.from({ length: n }, (_, id) => ({ id, tags: ["a"] })));
}

function rooted(n: number): unknown {
  const root: { readonly items: Map<number, object>; readonly parts: Set<object> } = {
    items: new Map(),
    parts: new Set(),
  };
  for (let id = 0; id < n; id++) root.items.set(id, { root });
  for (const item of root.items.values()) root.parts.add({ item });
  return root;
}

function bigints(n: number): bigint[] {
  return Array.from({ length: n }, (_, id) => BigInt(id));
}

/** How often `run` asks the iterator of a map or set for its next item. */
function stepsOf(run: () => void): number {
  const spies = [new Map(), new Set()].map((one) =>
    vi.spyOn(Object.getPrototypeOf(one[Symbol.iterator]()) as Iterator<unknown>, "next"),
  );
  run();
  const steps = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  return steps;
}

function messageOf(run: () => unknown): string {
  try {
    return String(run());
  } catch (error) {
    return String(error);
  }
}
