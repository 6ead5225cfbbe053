import { createCache, type Params } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { keyTable } from "@granary/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Keys } from "../src/key.js";

const RUNS = Number(process.env["GRANARY_RUNS"] ?? 10_000);
const keys = new Keys({ prefix: "granary", version: "v1", namespace: "users" });

const tricky = fc.string({
  unit: fc.constantFrom(
    "a",
    "?",
    "(",
    ")",
    "[",
    "]",
    "%",
    "u",
    "3",
    "F",
    ":",
    '"',
    "\\",
    ",",
    "{",
    "\ud800",
    "\n",
    "@",
    "é",
  ),
});
const text = fc.oneof(
  tricky,
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "NaN", "5n", ""),
);
const params = fc.letrec((tie) => ({
  params: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, Number.NaN, -0, Number.MAX_VALUE, 5e-324, Number.NEGATIVE_INFINITY),
    fc.date({ noInvalidDate: true }),
    fc.array(tie("params"), { maxLength: 3 }),
    fc.dictionary(text, tie("params"), { maxKeys: 3 }),
  ),
})).params as fc.Arbitrary<Params>;

/** What params mean, to the key: properties in any order, those that are undefined left out, one zero. */
function meaningOf(value: Params): unknown {
  if (value instanceof Date) return ["date", value.getTime()];
  if (Array.isArray(value)) return ["array", value.map((item: Params) => meaningOf(item))];
  if (typeof value !== "object" || value === null) return [typeof value, String(value)];
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  return ["object", new Map(given.map(([name, item]) => [name, meaningOf(item as Params)]))];
}

describe("C34: a key that is read back", () => {
  it("gives the id and the params that it was made of, whatever they are", () => {
    let withParams = 0;
    fc.assert(
      fc.property(
        fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        params,
        (id, given) => {
          const key = keys.of(id, given);
          const parsed = keys.parse(key);
          expect(parsed?.id).toBe(String(id === 0 ? 0 : id));
          expect(meaningOf(parsed?.params)).toEqual(meaningOf(given));
          expect(parsed?.key).toBe(key);
          expect(Object.hasOwn(parsed ?? {}, "params")).toBe(given !== undefined);
          if (given !== undefined) withParams += 1;
        },
      ),
      { numRuns: RUNS },
    );
    expect(withParams).toBeGreaterThan(RUNS / 2);
  });

  it.each([
    "a?",
    "a?(",
    "a?(a:1",
    "a?[1,]",
    "a?1,2",
    'a?"',
    "a?x",
    "a?(b:1,a:1)",
    "a?1.0",
    "a?@soon",
    "%",
    "%2",
    "a{b",
    `a?${"[".repeat(1e4)}`,
  ])("is left alone where no cache has made it: %s", (rest) => {
    expect(keys.parse(`${keys.base}${rest}`)).toBeUndefined();
  });

  it("is one of this namespace, and of none of its children's", () => {
    expect(keys.parse("granary:v1:users/eu:a")).toBeUndefined();
    expect(keys.parse("granary:v1:user:a")).toBeUndefined();
  });

  it("leads to its entry, from keys() and from entries()", async () => {
    const cache = createCache<string>({ store: memoryStore() });
    const child = cache.namespace("child");
    const wrapped = cache.wrap(async (...given: number[]) => String(given), { id: "wrapped" });
    await wrapped(1, 2);
    await child.set("of the child", "value");
    for (const id of keyTable) await cache.set(id, id);
    for (const id of keyTable) await cache.set(id, `page of ${id}`, { params: { page: [id, new Date(5)] } });
    const seen = new Set<unknown>();
    for await (const { id, params: found, entry } of cache.entries()) {
      expect(await cache.get(id, { params: found })).toBe(entry.value);
      seen.add(entry.value);
    }
    expect(seen).toEqual(new Set(["1,2", ...keyTable, ...keyTable.map((id) => `page of ${id}`)]));
    let deleted = 0;
    for await (const { id, params: found } of cache.keys()) if (await cache.delete(id, { params: found })) deleted += 1;
    expect(deleted).toBe(seen.size);
    expect(await child.get("of the child")).toBe("value");
  });
});
