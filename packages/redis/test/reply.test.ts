import { encodeEntry, type Serializer, type StoredBytes } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryCodec } from "../src/entry-codec.js";
import { withTexts } from "../src/reply.js";

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** Replies as a client cuts them out of one piece that it received. */
function cut(texts: readonly string[]): Buffer[] {
  const received = Buffer.from(texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join(""));
  let at = 0;
  return texts.map((text) => {
    const from = at + `$${Buffer.byteLength(text)}\r\n`.length;
    at = from + Buffer.byteLength(text) + "\r\n".length;
    return received.subarray(from, at - "\r\n".length);
  });
}

const textsOf = (replies: readonly (Uint8Array | null)[]) => withTexts(replies).map((reply) => reply?.text);

describe("the texts of the replies to one command", () => {
  test("are there where all of them are ASCII and lie beside each other", () => {
    expect(textsOf(cut(["a", "", "bc", "d".repeat(1_000)]))).toEqual(["a", "", "bc", "d".repeat(1_000)]);
  });

  test("are there for those on both sides of a key that holds nothing", () => {
    const [one = null, other = null] = cut(["a", "b"]);
    expect(textsOf([null, one, null, other, null])).toEqual([undefined, "a", undefined, "b", undefined]);
  });

  test("are those of each piece where the client received them in two", () => {
    const [first, second] = [Uint8Array.of(0x61, 0x62), Uint8Array.of(0x63, 0x64, 0x65)];
    expect(textsOf([first.subarray(0, 1), second.subarray(2)])).toEqual(["a", "e"]);
  });

  test("are left to the reader where one is not ASCII", () => {
    expect(textsOf(cut(["a", "é", "b"]))).toEqual([undefined, undefined, undefined]);
  });

  test("are left to the reader where they would make a text beyond 64 KiB", () => {
    const long = "x".repeat(65_537);
    expect(textsOf(cut([long, "a", "b"]))).toEqual([undefined, "a", "b"]);
    expect(textsOf(cut(["a".repeat(40_000), "b".repeat(40_000)])).map((text) => text?.length)).toEqual([
      40_000, 40_000,
    ]);
  });

  test("are those of the bytes, wherever these lie", () => {
    let [known, unknown] = [0, 0];
    const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 5 }));
    const piece = fc.array(text, { maxLength: 6 }).map(cut);
    const pieces = fc.array(piece, { maxLength: 4 }).map((all) => all.flat());
    const replies = pieces.chain((all) => fc.shuffledSubarray([...all, null, null]));
    const property = fc.property(fc.oneof(pieces, replies), (given) => {
      for (const reply of withTexts(given)) {
        if (reply?.text !== undefined) expect(reply.text).toBe(utf8(reply.bytes));
        if (reply?.text === undefined) unknown += 1;
        else known += 1;
      }
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(Math.min(known, unknown)).toBeGreaterThan(200);
  });
});

describe("of replies with a text", () => {
  const written = (value: unknown): Uint8Array =>
    Buffer.from(encodeEntry({ value, createdAt: 1, freshUntil: 2, keepUntil: 3 }, superjsonSerializer));
  const stored: StoredBytes = { bytes: written("of the bytes"), text: utf8(written("of the text")) };
  const read = (serializer: Serializer): unknown => {
    const failed = (_: string, error: unknown): never => {
      throw error;
    };
    const codec = entryCodec({ serializer, tier: "redis", report: failed });
    const sealed = codec.readHeader("key", stored);
    return sealed && codec.unseal("key", sealed)?.value;
  };

  test("a serializer that copies what it reads is given it", () => {
    expect(read(superjsonSerializer)).toBe("of the text");
  });

  test("one that may keep a piece of it is given a text of the entry's own", () => {
    const { encode, decode } = superjsonSerializer;
    expect(read({ encode, decode })).toBe("of the bytes");
  });
});
