import { readdirSync, readFileSync } from "node:fs";
import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { describe, expect, test } from "vitest";
import { goldenKeys, goldenV1, goldenValue } from "./golden/v1.js";
import { GOLDEN_ENTRY, goldenV2 } from "./golden/v2.js";
import { bytesFrom, HAS_ZSTD, raw } from "./support/serializers.js";

const folder = new URL("./golden/v1/", import.meta.url);
const START = 5;

describe("version 1 of the payloads", () => {
  test("has a row for every golden file", () => {
    const files = readdirSync(folder).sort();
    expect(files.length).toBeGreaterThan(10);
    expect(goldenV1.map(({ file }) => file).sort()).toEqual(files);
  });

  describe.each(goldenV1)("$file", ({ file, value, reader, needsZstd }) => {
    const golden = readFileSync(new URL(file, folder));

    test("is read by today's reader, where Node knows its algorithm", () => {
      if (HAS_ZSTD || !needsZstd) expect(reader.decode(golden)).toEqual(value);
      else expect(() => reader.decode(golden)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
    });

    test("is damaged by a change of any byte of its header", () => {
      for (let at = 0; at < Math.min(START, golden.length); at++) {
        const changed = Buffer.from(golden);
        changed[at] = 0;
        expect(resultOf(() => reader.decode(changed))).not.toEqual(value);
      }
    });
  });
});

describe("FIELD 32: version 2 of what is encrypted, bound to the key of its entry", () => {
  const bound = new URL("./golden/v2/", import.meta.url);

  test("has a row for every golden file", () => {
    expect(goldenV2.map(({ file }) => file).sort()).toEqual(readdirSync(bound).sort());
  });

  test.each(goldenV2)("$file is read under its key, and under no other", ({ file, value, reader }) => {
    const golden = readFileSync(new URL(file, bound));
    expect(golden.subarray(0, 3).toString("latin1")).toBe("\u00ffe2");
    expect(reader.forKey?.(GOLDEN_ENTRY).decode(golden)).toEqual(value);
    for (const decode of [reader.decode, reader.forKey?.(`${GOLDEN_ENTRY}2`).decode])
      expect(() => decode?.(golden)).toThrow(expect.objectContaining({ code: "UNREADABLE" }));
  });

  test("version 1, which is not bound, is read under a key only where that is asked for", () => {
    const golden = readFileSync(new URL("encrypted-text.bin", folder));
    const [strict, lenient] = [false, true].map((acceptUnbound) =>
      encrypted(superjsonSerializer, { keys: goldenKeys, acceptUnbound }).forKey?.(GOLDEN_ENTRY),
    );
    expect(() => strict?.decode(golden)).toThrow("`acceptUnbound: true` would read it");
    expect(lenient?.decode(golden)).toEqual(goldenValue);
  });
});

describe("today's writers begin as the golden files do", () => {
  const key = { name: "2026-11", key: new Uint8Array(32) };
  const many = Array.from({ length: 100 }, () => 7);

  // Behind the header, libraries write other bytes from version to version.
  test.each([
    ["gzip-bytes.bin", 5, compressed(raw, { threshold: 0 })],
    ["brotli-bytes.bin", 5, compressed(raw, { threshold: 0, algorithm: "brotli" })],
    ["encrypted-bytes.bin", 12, encrypted(raw, { keys: [key] })],
  ])("%s, for %d bytes", (file, length, writer) => {
    const golden = readFileSync(new URL(file, folder));
    expect(bytesFrom(writer, many).subarray(0, length)).toEqual(golden.subarray(0, length));
  });
});

function resultOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
