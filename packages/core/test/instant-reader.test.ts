import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InstantReader } from "../src/instant-reader.js";

const readerOf = (text: string): InstantReader => new InstantReader(new TextEncoder().encode(text), text, 0);
const instant = (word: string): number => readerOf(`${word} `).deadline();

describe("a reader of instants", () => {
  test("reads whole milliseconds of any number of digits", () => {
    const property = fc.property(fc.maxSafeInteger(), (at) => {
      expect(instant(String(at))).toBe(Object.is(at, -0) ? 0 : at);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  test("reads dates, and what is just before and after their number of digits", () => {
    const edges = [999_999_999_999, 1_000_000_000_000, 1_795_355_110_671, 9_999_999_999_999, 10_000_000_000_000];
    expect(edges.map((at) => instant(String(at)))).toEqual(edges);
    expect(instant("0000000000001")).toBe(1);
  });

  test("reads one word after the other", () => {
    const text = "1795355110671 never -5 1795355410671 a.1,b.2 rest";
    const reader = readerOf(text);
    expect([reader.deadline(), reader.deadline(), reader.deadline(), reader.deadline()]).toEqual([
      1_795_355_110_671,
      Number.POSITIVE_INFINITY,
      -5,
      1_795_355_410_671,
    ]);
    expect(reader.word()).toBe("a.1,b.2");
    expect(reader.at).toBe(text.indexOf("rest"));
  });

  test.each(["", ".5", "1.5", "1795355110671.5", "1e3", "12345678901234567", "-", "Never", "x", "1\u00a0795"])(
    "takes %j for no instant",
    (word) => {
      expect(instant(word)).toBeNaN();
    },
  );

  test("takes a word that does not end for none", () => {
    expect(readerOf("123").deadline()).toBeNaN();
    expect(readerOf("1795355110671").deadline()).toBeNaN();
    expect(readerOf("word").word()).toBe("");
  });
});
