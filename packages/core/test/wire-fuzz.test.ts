import { type CacheEntry, decodeEntry, encodeEntry, isCacheError, type Serializer } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, json } from "./golden/v2.js";

const RUNS = Number(process.env["GRANARY_RUNS"] ?? (process.env["GRANARY_FULL"] === undefined ? 2_000 : 20_000));

const FIELDS = ["value", "createdAt", "freshUntil", "keepUntil", "tags", "etag", "lastModified", "generations"];

type Verdict = "entry" | "absent" | "unreadable";

/** What the reader makes of `data`; throws where that is none of the three things that it may be. */
function judge(data: string | Uint8Array, serializer: Serializer): Verdict {
  let entry: CacheEntry | undefined;
  try {
    entry = decodeEntry(data, serializer);
  } catch (error) {
    if (isCacheError(error, "UNREADABLE")) return "unreadable";
    throw error;
  }
  if (entry === undefined) return "absent";
  expectWellFormed(entry);
  return "entry";
}

function expectWellFormed(entry: CacheEntry): void {
  const { createdAt, freshUntil, keepUntil, tags = [], etag = "", lastModified = "", generations = "" } = entry;
  expect([createdAt, freshUntil, keepUntil].map((at) => typeof at)).toEqual(["number", "number", "number"]);
  expect(Number.isFinite(createdAt)).toBe(true);
  expect(freshUntil <= keepUntil).toBe(true);
  expect([...tags, etag, lastModified, generations].every((text) => typeof text === "string")).toBe(true);
  expect(FIELDS).toEqual(expect.arrayContaining(Object.keys(entry)));
}

/** Runs `judgeOne` often, and tells how often each verdict was seen. */
function census<T>(arbitrary: fc.Arbitrary<T>, judgeOne: (data: T) => Verdict): Record<Verdict, number> {
  const seen = { entry: 0, absent: 0, unreadable: 0 };
  const property = fc.property(arbitrary, (data) => {
    seen[judgeOne(data)] += 1;
  });
  fc.assert(property, { numRuns: RUNS });
  return seen;
}

const instant = fc.integer({ min: -(2 ** 43), max: 2 ** 43 });
const until = fc.oneof({ weight: 4, arbitrary: instant }, fc.constant(Number.POSITIVE_INFINITY));
const deadlines = fc
  .tuple(instant, until, until)
  .map(([createdAt, one, other]) => ({ createdAt, freshUntil: Math.min(one, other), keepUntil: Math.max(one, other) }));
const epoch = fc.stringMatching(/^[0-9a-z]{1,16}$/);
const generations = fc
  .array(fc.tuple(epoch, fc.maxSafeNat()), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.map((level) => level.join(".")).join(","));
const text = fc.string({ unit: "binary" });
const meta = fc.record({ tags: fc.array(text), etag: text, lastModified: text, generations }, { requiredKeys: [] });

const entryOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<CacheEntry> =>
  fc.tuple(deadlines, meta, value).map(([life, about, given]) => ({ ...life, ...about, value: given }));

const textEntry = entryOf(fc.jsonValue());
const byteEntry = entryOf(fc.array(fc.nat(255)));

// The default serializer refuses properties of these names.
const plainEntry = textEntry.filter(({ value }) => !/__proto__|prototype|constructor/.test(JSON.stringify(value)));

const written = (entries: fc.Arbitrary<CacheEntry>, serializer: Serializer) =>
  entries.map((entry) => ({ serializer, data: asBytes(encodeEntry(entry, serializer)) }));

const encoded = fc.oneof(written(textEntry, json), written(plainEntry, superjsonSerializer), written(byteEntry, bytes));

function asBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

describe("an entry that is read back", () => {
  it.each([
    ["text", textEntry, json],
    ["bytes", byteEntry, bytes],
  ])("is what was written, as %s", (_, arbitrary, serializer) => {
    let compared = 0;
    const property = fc.property(arbitrary, (entry) => {
      // Through JSON, since that is all that this serializer promises of a value such as -0.
      const expected = { ...entry, value: serializer.decode(serializer.encode(entry.value)) };
      const written = encodeEntry(entry, serializer);
      expect(decodeEntry(written, serializer)).toEqual(expected);
      expect(decodeEntry(asBytes(written), serializer)).toEqual(expected);
      compared += 1;
    });
    fc.assert(property, { numRuns: RUNS / 4 });
    expect(compared).toBeGreaterThan(0);
  });
});

describe("a reader that is given damaged bytes never fails in another way", () => {
  it("when they are cut short", () => {
    const seen = census(
      fc.tuple(encoded, fc.double({ min: 0, max: 1, noNaN: true })),
      ([{ data, serializer }, share]) => judge(data.subarray(0, Math.floor(data.length * share)), serializer),
    );
    expect(seen.unreadable).toBeGreaterThan(RUNS / 10);
  });

  it("when bits are flipped", () => {
    const flips = fc.array(fc.nat(), { minLength: 1, maxLength: 3 });
    const seen = census(fc.tuple(encoded, flips), ([{ data, serializer }, places]) => {
      const damaged = Uint8Array.from(data);
      for (const place of places) {
        const at = (place >> 3) % damaged.length;
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (place & 7));
      }
      return judge(damaged, serializer);
    });
    expect(seen.unreadable).toBeGreaterThan(RUNS / 10);
    expect(seen.entry).toBeGreaterThan(0);
  });

  it("when parts of two entries are joined", () => {
    const cut = fc.double({ min: 0, max: 1, noNaN: true });
    const seen = census(fc.tuple(encoded, encoded, cut, cut), ([one, other, from, to]) => {
      const head = one.data.subarray(0, Math.floor(one.data.length * from));
      const tail = other.data.subarray(Math.floor(other.data.length * to));
      return judge(Uint8Array.from([...head, ...tail]), one.serializer);
    });
    expect(seen.unreadable).toBeGreaterThan(RUNS / 10);
  });

  it("when they are of another program", () => {
    const foreign = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: "binary" }), fc.json());
    const seen = census(foreign, (data) => judge(data, json));
    expect(seen.unreadable).toBe(RUNS);
  });

  it("when only the header looks like ours", () => {
    const word = fc.oneof(
      fc.constantFrom(
        "granary1",
        "granary2",
        "1",
        "2",
        "3",
        "never",
        "t",
        "b",
        "-",
        "a.1",
        "a.1,b.2",
        "{}",
        '{"tags":["a"]}',
        "[]",
        "",
      ),
      text,
    );
    const header = fc.array(word, { maxLength: 8 }).map((words) => ["granary2", ...words].join(" "));
    const at = fc.constantFrom("-1", "2", "2.5", "3", "never", "later");
    const ordered = fc
      .tuple(
        fc.constantFrom("granary1", "granary2"),
        fc.constantFrom("t", "b"),
        at,
        at,
        at,
        fc.constantFrom("-", "a.1", "a.1,b.2", "A.1", "a"),
        fc.constantFrom("{}", '{"tags":["a"]}', "[]", "-", ""),
      )
      .map((words) => words.join(" "));
    const data = fc.tuple(fc.oneof(header, ordered), fc.json()).map(([first, payload]) => `${first}\n${payload}`);
    const seen = census(data, (given) => judge(given, json));
    expect(Math.min(seen.entry, seen.absent, seen.unreadable)).toBeGreaterThan(0);
  });
});
