import { type CacheEvents, createCache, type Id } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";

interface Row {
  readonly name: string;
}

const row: Row = { name: "seven" };

function rows(): { readonly cache: ReturnType<typeof createCache<unknown>>; readonly errors: CacheEvents["error"][] } {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 100 }) });
  const errors: CacheEvents["error"][] = [];
  cache.on("error", (event) => errors.push(event));
  return { cache, errors };
}

/** What is asked for, and the keys under which a loader gives it back. */
const SAME: ReadonlyArray<readonly [what: string, id: Id, key: unknown]> = [
  ["a number as text", 7, "7"],
  ["text as a number", "7", 7],
  ["a number as a bigint", 7, 7n],
  ["text as a bigint", "9007199254740993", 9_007_199_254_740_993n],
  ["a large number as its text", 1e21, "1e+21"],
  ["minus zero as text", -0, "0"],
  ["text of zero as minus zero", "0", -0],
  ["a fraction as text", 0.5, "0.5"],
];

const DIFFERENT: ReadonlyArray<readonly [what: string, id: Id, key: unknown]> = [
  ["7 and 007", 7, "007"],
  ["7 and text with a space", 7, " 7"],
  ["7 and an object that is written as 7", 7, { toString: () => "7" }],
  ["7 and a symbol", 7, Symbol("7")],
  ["null and its text", "null", null],
];

describe("FIELD 20: the ids of a batch", () => {
  it.each(SAME)("are one id: %s", async (_what, id, key) => {
    const { cache, errors } = rows();
    const load = (): Map<Id, Row> => new Map([[key as Id, row]]);
    expect(await cache.getOrSetMany([id], load)).toEqual(new Map([[id, row]]));
    expect(await cache.get(id)).toEqual(row);
    expect(errors).toEqual([]);
  });

  it.each(DIFFERENT)("are not one id, and the loader's is told as an error: %s", async (_what, id, key) => {
    const { cache, errors } = rows();
    const load = (): Map<Id, Row> => new Map([[key as Id, row]]);
    expect(await cache.getOrSetMany([id], load)).toEqual(new Map());
    const message: unknown = expect.stringContaining("not asked for");
    expect(errors).toMatchObject([{ operation: "load", error: { code: "LOAD_FAILED", message } }]);
  });

  it("come back as they were asked for, those that are asked for twice too", async () => {
    const { cache, errors } = rows();
    const asked: unknown[] = [];
    const load = (ids: readonly Id[]): Map<Id, string> => {
      asked.push(ids);
      return new Map(ids.map((id) => [String(id), `row ${id}`]));
    };
    const found = await cache.getOrSetMany([7, "7", 8, "9", 7], load);
    expect([...found]).toEqual([
      [7, "row 7"],
      ["7", "row 7"],
      [8, "row 8"],
      ["9", "row 9"],
    ]);
    expect(asked).toEqual([[7, 8, "9"]]);
    expect(await cache.getMany(["7", 7])).toEqual(
      new Map<Id, string>([
        ["7", "row 7"],
        [7, "row 7"],
      ]),
    );
    expect(errors).toEqual([]);
  });

  it("prefer the very id that was asked for, where a loader gives both", async () => {
    const { cache, errors } = rows();
    const load = (): Map<Id, string> =>
      new Map<Id, string>([
        ["7", "text"],
        [7, "number"],
      ]);
    expect(await cache.getOrSetMany([7], load)).toEqual(new Map([[7, "number"]]));
    expect(errors).toEqual([]);
  });

  it("that were not asked for are named once a call, however many", async () => {
    const { cache, errors } = rows();
    const load = (): Map<Id, string> =>
      new Map<Id, string>([
        ["a", "A"],
        ["b", "B"],
        ["c", "C"],
      ]);
    expect(await cache.getOrSetMany(["a", "x"], load)).toEqual(new Map([["a", "A"]]));
    const message: unknown = expect.stringContaining('2 ids that were not asked for, such as "b"');
    expect(errors).toMatchObject([{ error: { message } }]);
  });

  it("that were not asked for are no harm where all that were have come", async () => {
    const { cache, errors } = rows();
    const load = (): Map<Id, string> =>
      new Map<Id, string>([
        ["a", "A"],
        ["b", "B"],
      ]);
    expect(await cache.getOrSetMany(["a"], load)).toEqual(new Map([["a", "A"]]));
    expect(errors).toEqual([]);
  });
});
