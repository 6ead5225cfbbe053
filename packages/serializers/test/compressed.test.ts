import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { CacheError, type Serializer } from "@granary/core";
import { type CompressedOptions, compressed } from "@granary/serializers";
import { superjsonSerializer as plain } from "@granary/superjson";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALGORITHMS, bytesFrom, damaged, HAS_ZSTD, long, raw, squeezed } from "./support/serializers.js";

const UNREADABLE = expect.objectContaining({ code: "UNREADABLE" });
/** Magic, version, text, the byte of an algorithm. */
const header = (id: string): Buffer => Buffer.from(`\u00ffc1t${id}`, "latin1");
const texts: Serializer = { encode: String, decode: String };
const atLeast = (options: CompressedOptions): Serializer => compressed(texts, options);

/** What each Node is held to, by whether it knows zstd. */
const WITH_ZSTD: ReadonlyArray<readonly [name: string, holds: () => void]> = [
  [
    "zstd that would need more memory to read than is allowed",
    () => {
      const { zstdCompressSync, constants } = zlib as unknown as {
        zstdCompressSync: (bytes: Uint8Array, options: object) => Buffer;
        constants: { ZSTD_c_windowLog: number };
      };
      const greedy = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024), { params: { [constants.ZSTD_c_windowLog]: 27 } });
      expect(() => squeezed().decode(Buffer.concat([header("z"), greedy]))).toThrow(UNREADABLE);
    },
  ],
];
const WITHOUT_ZSTD: ReadonlyArray<readonly [name: string, holds: () => void]> = [
  [
    "zstd, which this Node lacks",
    () => {
      const payload = Buffer.concat([header("z"), Buffer.alloc(20)]);
      expect(() => squeezed().decode(payload)).toThrow(UNREADABLE);
      expect(() => squeezed().decode(payload)).toThrow("needs zstd");
    },
  ],
  [
    "zstd as an option, with what to write instead",
    () => {
      const withZstd = (): Serializer => compressed(plain, { algorithm: "zstd" });
      expect(withZstd).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
      expect(withZstd).toThrow('needs Node 22.15, 23.8 or 24: update Node, or write "brotli"');
    },
  ],
];

describe("what is compressed", () => {
  test.each(ALGORITHMS)("%s begins with magic, version, kind and its first letter", (algorithm) => {
    const bytes = bytesFrom(squeezed(algorithm), long);
    expect(bytes.subarray(0, 5)).toEqual(header(algorithm.slice(0, 1)));
    expect(bytes.length).toBeLessThan(200);
    expect(squeezed(algorithm).decode(bytes)).toEqual(long);
  });

  test("a payload below the threshold is left as it is", () => {
    expect(compressed(plain).encode({ a: 1 })).toBe(plain.encode({ a: 1 }));
    expect(atLeast({ threshold: 100 }).encode("x".repeat(99))).toBe("x".repeat(99));
    expect(atLeast({ threshold: 100 }).encode("x".repeat(100))).toBeInstanceOf(Uint8Array);
  });

  test("the threshold counts bytes, not characters", () => {
    expect(atLeast({ threshold: 100 }).encode("ž".repeat(50))).toBeInstanceOf(Uint8Array);
    expect(atLeast({ threshold: 101 }).encode("ž".repeat(50))).toBe("ž".repeat(50));
  });

  test("by default the threshold is 1024 bytes", () => {
    expect(atLeast({}).encode("x".repeat(1023))).toBe("x".repeat(1023));
    expect(atLeast({}).encode("x".repeat(1024))).toBeInstanceOf(Uint8Array);
  });

  test("with an infinite threshold nothing is, and what was is still read", () => {
    const off = compressed(plain, { threshold: Number.POSITIVE_INFINITY });
    expect(off.encode(long)).toBe(plain.encode(long));
    expect(off.decode(bytesFrom(squeezed(), long))).toEqual(long);
  });

  test("what would not become smaller is left as it is", () => {
    expect(squeezed().encode(1)).toBe(plain.encode(1));
    const noise = [...randomBytes(300)];
    expect(compressed(raw, { threshold: 0 }).encode(noise)).toEqual(raw.encode(noise));
  });

  test("a payload larger than could be read back is left as it is", () => {
    const small = atLeast({ threshold: 0, maxBytes: 100 });
    expect(small.encode("x".repeat(101))).toBe("x".repeat(101));
    expect(small.decode(small.encode("x".repeat(100)))).toBe("x".repeat(100));
  });

  test("text comes back as text, and bytes as bytes", () => {
    const same: Serializer = { encode: (value) => value as string, decode: (data) => data };
    const wrapped = compressed(same, { threshold: 0 });
    const [text, bytes] = ["ž".repeat(200), Buffer.alloc(200, "ž")];
    expect(wrapped.decode(wrapped.encode(text))).toBe(text);
    expect(Buffer.from(wrapped.decode(wrapped.encode(bytes)) as Uint8Array)).toEqual(bytes);
  });
});

describe("old and new payloads side by side", () => {
  const writers: ReadonlyArray<readonly [name: string, writer: Serializer]> = [
    ["uncompressed", plain],
    ...ALGORITHMS.map((algorithm) => [algorithm, squeezed(algorithm)] as const),
  ];

  test.each(writers)("what was written %s is read by all", (_, writer) => {
    const payload = writer.encode(long);
    for (const algorithm of ALGORITHMS) expect(squeezed(algorithm).decode(payload)).toEqual(long);
    expect(ALGORITHMS.length).toBeGreaterThan(1);
  });

  test("text that a store gives back as bytes is read", () => {
    expect(squeezed().decode(Buffer.from(plain.encode(long)))).toEqual(long);
  });

  test.each([
    ["like a compressed payload", [0xff, 0x63, 0x31, 0x74, 0x67, 1, 2, 3]],
    ["like one of another version", [0xff, 0x63, 0x39]],
    ["with the first byte of one", [0xff]],
    ["like an encrypted one", [0xff, 0x65, 0x31, 0x62, 0]],
    ["without any", []],
  ])("bytes of the serializer's own, %s, come back as they were", (_, value) => {
    for (const threshold of [0, 1024]) {
      const wrapped = compressed(raw, { threshold });
      expect(wrapped.decode(wrapped.encode(value))).toEqual(value);
    }
  });

  test("10,000 payloads of bytes come back as they were", () => {
    const wrapped = compressed(raw, { threshold: 10 });
    const bytes = fc.array(fc.constantFrom(0xff, 0x63, 0x31, 0x30, 0x62, 0x67, 0x74, 0), { maxLength: 40 });
    let looked = 0;
    const property = fc.property(bytes, (value) => {
      looked++;
      expect(wrapped.decode(wrapped.encode(value))).toEqual(value);
    });
    fc.assert(property, { numRuns: 10_000 });
    expect(looked).toBe(10_000);
  });
});

/** At its best brotli takes seconds for so much. */
const IN_A_HURRY = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

describe("what cannot be read is unreadable", () => {
  test.each([
    ["gzip", (bytes: Uint8Array) => Buffer.concat([header("g"), gzipSync(bytes)])],
    ["brotli", (bytes: Uint8Array) => Buffer.concat([header("b"), brotliCompressSync(bytes, IN_A_HURRY)])],
  ])("a few kilobytes of %s that would fill a gigabyte's part", (_, pack) => {
    const bomb = pack(Buffer.alloc(65 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(70_000);
    expect(() => squeezed().decode(bomb)).toThrow(UNREADABLE);
    expect(() => squeezed().decode(bomb)).toThrow("it is larger than 67108864 bytes");
  });

  test.each(ALGORITHMS)("one byte more than `maxBytes`, by %s", (algorithm) => {
    const payload = compressed(texts, { algorithm, threshold: 0 }).encode("x".repeat(1001));
    expect(atLeast({ maxBytes: 1001 }).decode(payload)).toBe("x".repeat(1001));
    expect(() => atLeast({ maxBytes: 1000 }).decode(payload)).toThrow(UNREADABLE);
  });

  test.each(HAS_ZSTD ? WITH_ZSTD : WITHOUT_ZSTD)("%s", (_, holds) => holds());

  test.each([
    ["of a later version", Buffer.from("\u00ffc2tgx", "latin1")],
    ["cut within its header", Buffer.from("\u00ffc1", "latin1")],
    ["of an unknown kind", Buffer.concat([Buffer.from("\u00ffc1xg", "latin1"), gzipSync("{}")])],
    ["of an unknown algorithm", Buffer.concat([header("q"), gzipSync("{}")])],
    ["with text that is not UTF-8", Buffer.concat([header("g"), gzipSync(Buffer.of(0xff))])],
    ["with nothing behind its header", header("g")],
  ])("a payload %s", (_, payload) => {
    expect(() => squeezed().decode(payload)).toThrow(UNREADABLE);
  });

  test("a payload of gzip, which has a checksum, is never read as another value, whichever byte is damaged", () => {
    const bytes = bytesFrom(squeezed("gzip"), long);
    const outcomes = Array.from(bytes, (_, at) => outcomeOf(() => squeezed().decode(damaged(bytes, at))));
    const refused = outcomes.filter((outcome) => outcome instanceof Error);
    // What is left: bytes of its header that mean nothing, such as the time of the file.
    for (const outcome of outcomes) if (!(outcome instanceof Error)) expect(isSame(outcome, long)).toBe(true);
    expect(refused.length).toBeGreaterThan(bytes.length / 2);
  });

  test("its error says what was wrong, and keeps the cause", () => {
    const error = outcomeOf(() => squeezed().decode(header("g")));
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({ message: "The payload cannot be read: its compressed bytes are damaged." });
    expect((error as CacheError).cause).toBeInstanceOf(Error);
  });
});

describe("options that are not of their form are refused at once", () => {
  const INVALID = expect.objectContaining({ code: "INVALID_OPTION" });

  test.each([
    ["a negative threshold", { threshold: -1 }],
    ["a threshold that is no number", { threshold: Number.NaN }],
    ["no room at all", { maxBytes: 0 }],
    ["room for half a byte", { maxBytes: 1.5 }],
    ["room without an end", { maxBytes: Number.POSITIVE_INFINITY }],
    ["an unknown algorithm", { algorithm: "lz4" as never }],
    ["an algorithm that every object inherits", { algorithm: "toString" as never }],
  ])("%s", (_, options) => {
    expect(() => compressed(plain, options)).toThrow(INVALID);
  });

  test("something else than a serializer", () => {
    for (const none of [undefined, null, {}, { encode: () => "" }])
      expect(() => compressed(none as never)).toThrow(INVALID);
  });
});

function outcomeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function isSame(value: unknown, other: unknown): boolean {
  return plain.encode(value) === plain.encode(other);
}
