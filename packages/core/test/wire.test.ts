import { readdirSync, readFileSync } from "node:fs";
import { type CacheEntry, CacheError, decodeEntry, encodeEntry, encodeParts } from "@granary/core";
import { describe, expect, it } from "vitest";
import { bytes, goldenV2, json } from "./golden/v2.js";

const folder = new URL("./golden/v2/", import.meta.url);
const before = new URL("./golden/v1/", import.meta.url);
const entry: CacheEntry = { value: { id: 7 }, createdAt: 1, freshUntil: 2, keepUntil: 3 };

/** What a store that keeps bytes would hold. */
function asBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

describe("version 2 of the wire format", () => {
  it("has a row for every golden file", () => {
    const files = readdirSync(folder).sort();
    expect(files.length).toBeGreaterThan(5);
    expect(goldenV2.map(({ file }) => file).sort()).toEqual(files);
  });

  describe.each(goldenV2)("$file", ({ file, entry: expected, serializer }) => {
    const golden = new Uint8Array(readFileSync(new URL(file, folder)));

    it("is read by today's reader", () => {
      expect(decodeEntry(golden, serializer)).toStrictEqual(expected);
    });

    it("is what today's writer writes", () => {
      expect(asBytes(encodeEntry(expected, serializer))).toEqual(golden);
    });
  });

  it("carries no generations where the key of an entry is in no namespace", () => {
    expect(encodeEntry({ ...entry, generations: "" }, json)).toBe(encodeEntry(entry, json));
  });

  it("is text where the serializer gives text, and is read from text as from bytes", () => {
    const text = encodeEntry(entry, json);
    expect(text).toBe('granary2 t 1 2 3 - -\n{"id":7}');
    expect(decodeEntry(text, json)).toStrictEqual(entry);
    expect(decodeEntry(asBytes(text), json)).toStrictEqual(entry);
  });

  it("does not carry the tier that an entry was read from", () => {
    expect(encodeEntry({ ...entry, tier: "redis" }, json)).toBe(encodeEntry(entry, json));
  });

  it.each([1_800_000_000_000.9, 0.1 + 0.2, -1.5, 2 ** -12])(
    "keeps the whole milliseconds of a load that began at %d",
    (createdAt) => {
      const text = encodeEntry({ ...entry, createdAt }, json);
      expect(decodeEntry(text, json)?.createdAt).toBe(Math.floor(createdAt));
      expect(decodeEntry(asBytes(text), json)?.createdAt).toBe(Math.floor(createdAt));
    },
  );

  it("is written in two parts for a server that puts the generations between them", () => {
    const generations = "a.1,b.2";
    const { head, tail } = encodeParts({ ...entry, tags: ["x"] }, json);
    expect(`${head}${generations}${String(tail)}`).toBe(encodeEntry({ ...entry, tags: ["x"], generations }, json));
    const binary: CacheEntry = { ...entry, value: [10, 0, 255] };
    const parts = encodeParts(binary, bytes);
    const joined = [asBytes(parts.head), asBytes(generations), asBytes(parts.tail)].flatMap((part) => [...part]);
    expect(Uint8Array.from(joined)).toEqual(encodeEntry({ ...binary, generations }, bytes));
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
  it.each(readdirSync(before))("is absent: %s, which version 1 has written", (file) => {
    const golden = new Uint8Array(readFileSync(new URL(file, before)));
    expect(new TextDecoder().decode(golden.subarray(0, 9))).toBe("granary1 ");
    for (const serializer of [json, bytes]) expect(decodeEntry(golden, serializer)).toBeUndefined();
  });

  it.each(["granary1 t 1 2 3 -\n1", "granary3 whatever\n", "granary0 t 1 2 3 -\n1", "granary10 t 1 2 3 -\n1"])(
    "is absent: %j",
    (text) => {
      expect(decodeEntry(text, json)).toBeUndefined();
      expect(decodeEntry(asBytes(text), json)).toBeUndefined();
    },
  );
});

describe("bytes that are no entry are refused:", () => {
  it.each([
    ["nothing", ""],
    ["text of another program", "hello"],
    ["JSON of another program", '{"value":1}\n'],
    ["a header without a payload line", "granary2 t 1 2 3 - -"],
    ["a header of another case", "Granary2 t 1 2 3 - -\n1"],
    ["a magic word without a version", "granary t 1 2 3 -\n1"],
    ["a deadline that is a fraction", "granary2 t 1 2.5 3 - -\n1"],
    ["a deadline in another notation", "granary2 t 1 2e3 3000 - -\n1"],
    ["a deadline of too many digits", "granary2 t 1 2 12345678901234567 - -\n1"],
    ["a beginning that never comes", "granary2 t never never never - -\n1"],
    ["a life that ends before it is stale", "granary2 t 1 3 2 - -\n1"],
    ["a beginning in another notation", "granary2 t 1e3 2000 3000 - -\n1"],
    ["a beginning that is a fraction", "granary2 t 1.5 2 3 - -\n1"],
    ["a beginning that is cut short", "granary2 t 1. 2 3 - -\n1"],
    ["a beginning beyond all numbers", "granary2 t 1e+400 2 3 - -\n1"],
    ["no beginning", "granary2 t  2 3 - -\n1"],
    ["characters that look like digits in their last byte", "granary2 t \u0131 \u0132 \u0133 - -\n1"],
    ["instants on two lines", "granary2 t 1\n2 3 - -\n1"],
    ["a kind that nobody knows", "granary2 z 1 2 3 - -\n1"],
    ["no kind", "granary2 1 2 3 - -\n1"],
    ["a kind of two letters", "granary2 tt 1 2 3 - -\n1"],
    ["no meta", "granary2 t 1 2 3 -\n1"],
    ["no generations", "granary2 t 1 2 3  -\n1"],
    ["a generation without a sequence", "granary2 t 1 2 3 a -\n1"],
    ["a generation without an epoch", "granary2 t 1 2 3 .1 -\n1"],
    ["a generation whose sequence has too many digits", "granary2 t 1 2 3 a.12345678901234567 -\n1"],
    ["a generation in capitals", "granary2 t 1 2 3 A.1 -\n1"],
    ["generations that end with a comma", "granary2 t 1 2 3 a.1, -\n1"],
    ["meta that is not JSON", "granary2 t 1 2 3 - {\n1"],
    ["meta that is not an object", "granary2 t 1 2 3 - 7\n1"],
    ["meta that is a list", "granary2 t 1 2 3 - []\n1"],
    ["tags that are not text", 'granary2 t 1 2 3 - {"tags":[1]}\n1'],
    ["tags that are no list", 'granary2 t 1 2 3 - {"tags":"a"}\n1'],
    ["an etag that is not text", 'granary2 t 1 2 3 - {"etag":1}\n1'],
    ["a payload that the serializer cannot read", "granary2 t 1 2 3 - -\n{"],
    ["a payload that is not there", "granary2 t 1 2 3 - -\n"],
    ["two spaces", "granary2 t  1 2 3 - -\n1"],
    ["a carriage return", "granary2 t 1 2 3 - -\r\n1"],
  ])("%s", (_, text) => {
    const unreadable = expect.objectContaining({ code: "UNREADABLE" });
    expect(() => decodeEntry(text, json)).toThrow(unreadable);
    expect(() => decodeEntry(asBytes(text), json)).toThrow(unreadable);
  });

  it.each([
    ["in the header", [0x67, 0xff, 0x0a, 0x31]],
    ["in a text payload", [...new TextEncoder().encode('granary2 t 1 2 3 - -\n"'), 0xff, 0x22]],
  ])("invalid UTF-8 %s", (_, data) => {
    expect(() => decodeEntry(Uint8Array.from(data), json)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });

  it("megabytes without a header line", () => {
    expect(() => decodeEntry(new Uint8Array(4_000_000), bytes)).toThrow(CacheError);
  });

  it("and the error of the serializer is the cause", () => {
    expect(() => decodeEntry("granary2 t 1 2 3 - -\n{", json)).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) }),
    );
  });
});
