import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InstantReader } from "../src/instant-reader.js";

const readerOf = (text: string): InstantReader => new InstantReader(new TextEncoder().encode(text), text, 0);
const beginning = (word: string): number => readerOf(`${word} `).beginning();

describe("the beginning of a load is read to the last bit", () => {
  test("with every fraction that a date can have", () => {
    const fractions = [1, 2, 3, 4].flatMap((count) =>
      Array.from({ length: 10 ** count }, (_, at) => String(at).padStart(count, "0")),
    );
    expect(fractions).toHaveLength(11_110);
    const wholes = [1_000_000_000_000, 1_099_511_627_775, 1_099_511_627_776, 1_795_355_110_671, 9_999_999_999_999];
    const words = wholes.flatMap((whole) => fractions.map((fraction) => `${whole}.${fraction}`));
    expect(words.filter((word) => beginning(word) !== Number(word))).toEqual([]);
  });

  test("with any number of digits before the point and behind it", () => {
    const digits = (most: number) =>
      fc.array(fc.nat(9), { minLength: 1, maxLength: most }).map((each) => each.join(""));
    const property = fc.property(digits(16), digits(20), (whole, fraction) => {
      expect(beginning(whole)).toBe(Number(whole));
      expect(beginning(`${whole}.${fraction}`)).toBe(Number(`${whole}.${fraction}`));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  test("as the clock of a server gives it", () => {
    const property = fc.property(fc.double({ min: 1e12, max: 1e13, noNaN: true }), (at) => {
      expect(beginning(String(at))).toBe(at);
    });
    fc.assert(property, { numRuns: 5_000 });
  });
});

describe("a reader of instants", () => {
  test("reads one word after the other", () => {
    const reader = readerOf("1795355110671.25 1795355410671 never -5 1e-7 rest");
    expect([reader.beginning(), reader.deadline(), reader.deadline(), reader.deadline()]).toEqual([
      1795355110671.25,
      1795355410671,
      Number.POSITIVE_INFINITY,
      -5,
    ]);
    expect(reader.beginning()).toBe(1e-7);
    expect(reader.at).toBe("1795355110671.25 1795355410671 never -5 1e-7 ".length);
  });

  test.each(["", ".5", "1795355110671.", "1795355110671.2x", "1795355110671.12345x", "x", "1\u00a0795", "never"])(
    "takes %j for no beginning",
    (word) => {
      expect(beginning(word)).toBeNaN();
    },
  );

  test.each(["", "1.5", "1795355110671.5", "1e3", "12345678901234567", "-", "Never"])(
    "takes %j for no deadline",
    (word) => {
      expect(readerOf(`${word} `).deadline()).toBeNaN();
    },
  );

  test("takes a word that does not end for none", () => {
    expect(readerOf("123").beginning()).toBeNaN();
    expect(readerOf("1795355110671.25").beginning()).toBeNaN();
    expect(readerOf("123").deadline()).toBeNaN();
  });
});
