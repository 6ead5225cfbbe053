import { escapeGlob, globMatcher } from "@granary/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const RUNS = 5_000;
const characters = ["a", "b", "*", "?", "\\", ".", "[", "\n", "é", "😀", "\ud83d", "\ude00"];
const text = fc.array(fc.constantFrom(...characters), { maxLength: 8 }).map((parts) => parts.join(""));
const piece = fc.constantFrom("*", "?", "a", "b", ".", "[", "\n", "é", "😀", "\\*", "\\?", "\\\\", "\\a", "\\😀");
const globs = fc.array(piece, { maxLength: 7 });

function asExpression(part: string): string {
  if (part === "*") return ".*";
  if (part === "?") return ".";
  return (part.length > 1 && part.startsWith("\\") ? part.slice(1) : part).replace(/[\\*?.[]/, "\\$&");
}

test("a glob matches what the regular expression that it stands for matches", () => {
  let matched = 0;
  fc.assert(
    fc.property(globs, text, (pieces, candidate) => {
      const expected = new RegExp(`^${pieces.map(asExpression).join("")}$`, "su").test(candidate);
      matched += Number(expected);
      expect(globMatcher(pieces.join(""))(candidate)).toBe(expected);
    }),
    { numRuns: RUNS },
  );
  expect(matched).toBeGreaterThan(RUNS / 100);
});

test("text with every wildcard escaped matches itself and nothing else", () => {
  let compared = 0;
  fc.assert(
    fc.property(text, text, (one, other) => {
      const matches = globMatcher(escapeGlob(one));
      expect(matches(one)).toBe(true);
      expect(matches(other)).toBe(one === other);
      compared += 1;
    }),
    { numRuns: RUNS },
  );
  expect(compared).toBe(RUNS);
});

describe.each([
  ["user:*", ["user:", "user:1", "user:1:2"], ["user", "a user:1"]],
  ["*", ["", "a", "\n"], []],
  ["", [""], ["a"]],
  ["a?", ["a1", "aé", "a😀", "a\n"], ["a", "a12"]],
  ["??", ["12", "😀😀", "😀1"], ["😀", "1", "123"]],
  ["*?*", ["a", "abc", "😀"], [""]],
  ["*😀", ["😀", "a😀", "😀😀"], ["\ude00", "😀a"]],
  ["*\ude00", ["\ude00", "a\ude00"], ["😀", "a😀"]],
  ["a**b", ["ab", "a1b"], ["a", "b"]],
  [String.raw`\??`, ["?1"], ["11", "?", String.raw`\?1`]],
  [String.raw`\a`, ["a"], [String.raw`\a`]],
  ["a\\", ["a\\"], ["a", "a\\\\"]],
  ["[?]", ["[a]"], ["a", "[]"]],
  ["?.(x)|", ["1.(x)|"], ["1a(x)|", "1.x"]],
])("%j", (glob, matching, others) => {
  test.each(matching.map((key) => [key]))("matches %j", (key) => expect(globMatcher(glob)(key)).toBe(true));
  test.each(others.map((key) => [key]))("does not match %j", (key) => expect(globMatcher(glob)(key)).toBe(false));
});

/** Would not end within anybody's patience where each `*` is tried at each place. */
describe("a glob that is made to be slow is answered:", () => {
  const key = "a".repeat(5_000);

  test.each([
    ["many stars before a letter", "*a".repeat(50)],
    ["many stars behind a letter", "a*".repeat(50)],
    ["many stars in a row", "*".repeat(5_000)],
    ["many stars and question marks", "*?".repeat(500)],
    ["one star and a long rest", `*${"a".repeat(2_500)}`],
    ["stars around long literals", `*${"aaaaaaaa*".repeat(50)}`],
  ])("%s", (_, glob) => {
    expect(globMatcher(glob)(key)).toBe(true);
    expect(globMatcher(`${glob}b`)(key)).toBe(false);
  });
});
