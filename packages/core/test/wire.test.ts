import { readdirSync, readFileSync } from "node:fs";
import { type CacheEntry, CacheError, decodeEntry, encodeEntry } from "@granary/core";
import { describe, expect, it } from "vitest";
import { bytes, goldenV1, json } from "./golden/v1.js";

const folder = new URL("./golden/v1/", import.meta.url);
const entry: CacheEntry = { value: { id: 7 }, createdAt: 1, freshUntil: 2, keepUntil: 3 };

/** What a store that keeps bytes would hold. */
function asBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

describe("version 1 of the wire format", () => {
  it("has a row for every golden file", () => {
    const files = readdirSync(folder).sort();
    expect(files.length).toBeGreaterThan(5);
    expect(goldenV1.map(({ file }) => file).sort()).toEqual(files);
  });

  describe.each(goldenV1)("$file", ({ file, entry: expected, serializer }) => {
    const golden = new Uint8Array(readFileSync(new URL(file, folder)));

    it("is read by today's reader", () => {
      expect(decodeEntry(golden, serializer)).toStrictEqual(expected);
    });

    it("is what today's writer writes", () => {
      expect(asBytes(encodeEntry(expected, serializer))).toEqual(golden);
    });
  });

  it("is text where the serializer gives text, and is read from text as from bytes", () => {
    const text = encodeEntry(entry, json);
    expect(text).toBe('granary1 t 1 2 3 -\n{"id":7}');
    expect(decodeEntry(text, json)).toStrictEqual(entry);
    expect(decodeEntry(asBytes(text), json)).toStrictEqual(entry);
  });

  it("does not carry the tier that an entry was read from", () => {
    expect(encodeEntry({ ...entry, tier: "redis" }, json)).toBe(encodeEntry(entry, json));
  });

  it.each([
    1_800_000_000_000 + 2 ** -12,
    1_800_000_000_000.5,
    0.1 + 0.2,
    -1.5,
    2 ** -12,
    1e-7,
    1e21,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
  ])("keeps a beginning of %d exactly", (createdAt) => {
    const text = encodeEntry({ ...entry, createdAt }, json);
    expect(text).toContain(` ${createdAt} `);
    expect(decodeEntry(text, json)?.createdAt).toBe(createdAt);
    expect(decodeEntry(asBytes(text), json)?.createdAt).toBe(createdAt);
  });

  it("keeps deadlines in whole milliseconds", () => {
    const text = encodeEntry({ ...entry, freshUntil: 2.5, keepUntil: 1e15 + 0.3 }, json);
    expect(decodeEntry(text, json)).toMatchObject({ freshUntil: 3, keepUntil: 1e15 });
  });

  it("keeps deadlines beyond the largest safe integer for ever", () => {
    const [freshUntil, keepUntil] = [Number.MAX_SAFE_INTEGER, Number.MAX_VALUE];
    const text = encodeEntry({ ...entry, freshUntil, keepUntil }, json);
    expect(decodeEntry(text, json)).toMatchObject({ freshUntil, keepUntil: Number.POSITIVE_INFINITY });
  });

  it("says the tier that a reader names", () => {
    const tags = ["a"];
    const text = encodeEntry({ ...entry, tags }, json);
    expect(decodeEntry(text, json, { tier: "redis" })).toStrictEqual({ ...entry, tags, tier: "redis" });
    expect(decodeEntry(text, json)).not.toHaveProperty("tier");
  });

  it("refuses a value that the serializer cannot write, and says why", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    const write = () => encodeEntry({ ...entry, value: circular }, json);
    expect(write).toThrow(
      expect.objectContaining({
        code: "INVALID_VALUE",
        message: expect.stringContaining("circular"),
        cause: expect.any(TypeError),
      }),
    );
  });
});

describe("another version of the wire format", () => {
  it.each(["granary2 whatever\n", "granary0 t 1 2 3 -\n1", "granary10 t 1 2 3 -\n1"])("is absent: %j", (text) => {
    expect(decodeEntry(text, json)).toBeUndefined();
    expect(decodeEntry(asBytes(text), json)).toBeUndefined();
  });
});

describe("bytes that are no entry are refused:", () => {
  it.each([
    ["nothing", ""],
    ["text of another program", "hello"],
    ["JSON of another program", '{"value":1}\n'],
    ["a header without a payload line", "granary1 t 1 2 3 -"],
    ["a header of another case", "Granary1 t 1 2 3 -\n1"],
    ["a magic word without a version", "granary t 1 2 3 -\n1"],
    ["a deadline that is a fraction", "granary1 t 1 2.5 3 -\n1"],
    ["a deadline in another notation", "granary1 t 1 2e3 3000 -\n1"],
    ["a deadline of too many digits", "granary1 t 1 2 12345678901234567 -\n1"],
    ["a beginning that never comes", "granary1 t never never never -\n1"],
    ["a life that ends before it is stale", "granary1 t 1 3 2 -\n1"],
    ["a beginning in another notation", "granary1 t 1e3 2000 3000 -\n1"],
    ["a beginning that is cut short", "granary1 t 1. 2 3 -\n1"],
    ["a beginning beyond all numbers", "granary1 t 1e+400 2 3 -\n1"],
    ["no beginning", "granary1 t  2 3 -\n1"],
    ["characters that look like digits in their last byte", "granary1 t \u0131 \u0132 \u0133 -\n1"],
    ["instants on two lines", "granary1 t 1\n2 3 -\n1"],
    ["a kind that nobody knows", "granary1 z 1 2 3 -\n1"],
    ["no kind", "granary1 1 2 3 -\n1"],
    ["a kind of two letters", "granary1 tt 1 2 3 -\n1"],
    ["no meta", "granary1 t 1 2 3\n1"],
    ["meta that is not JSON", "granary1 t 1 2 3 {\n1"],
    ["meta that is not an object", "granary1 t 1 2 3 7\n1"],
    ["meta that is a list", "granary1 t 1 2 3 []\n1"],
    ["tags that are not text", 'granary1 t 1 2 3 {"tags":[1]}\n1'],
    ["tags that are no list", 'granary1 t 1 2 3 {"tags":"a"}\n1'],
    ["an etag that is not text", 'granary1 t 1 2 3 {"etag":1}\n1'],
    ["a payload that the serializer cannot read", "granary1 t 1 2 3 -\n{"],
    ["a payload that is not there", "granary1 t 1 2 3 -\n"],
    ["two spaces", "granary1 t  1 2 3 -\n1"],
    ["a carriage return", "granary1 t 1 2 3 -\r\n1"],
  ])("%s", (_, text) => {
    const unreadable = expect.objectContaining({ code: "UNREADABLE" });
    expect(() => decodeEntry(text, json)).toThrow(unreadable);
    expect(() => decodeEntry(asBytes(text), json)).toThrow(unreadable);
  });

  it.each([
    ["in the header", [0x67, 0xff, 0x0a, 0x31]],
    ["in a text payload", [...new TextEncoder().encode('granary1 t 1 2 3 -\n"'), 0xff, 0x22]],
  ])("invalid UTF-8 %s", (_, data) => {
    expect(() => decodeEntry(Uint8Array.from(data), json)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });

  it("megabytes without a header line", () => {
    expect(() => decodeEntry(new Uint8Array(4_000_000), bytes)).toThrow(CacheError);
  });

  it("and the error of the serializer is the cause", () => {
    expect(() => decodeEntry("granary1 t 1 2 3 -\n{", json)).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) }),
    );
  });
});
