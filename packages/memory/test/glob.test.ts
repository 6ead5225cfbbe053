import fc from "fast-check";
import { expect, test } from "vitest";
import { globMatcher } from "../src/glob.js";

const piece = fc.constantFrom("a", "b", "*", "?", "\\*", "\\?", "\\\\", ".", "[");
const text = fc
  .array(fc.constantFrom("a", "b", "*", "?", "\\", ".", "["), { maxLength: 8 })
  .map((parts) => parts.join(""));

test("a glob matches what the regular expression that it stands for matches", () => {
  let matched = 0;
  const globs = fc.array(piece, { maxLength: 7 });
  fc.assert(
    fc.property(globs, text, (pieces, candidate) => {
      const expected = new RegExp(`^${pieces.map(asExpression).join("")}$`, "s").test(candidate);
      matched += Number(expected);
      expect(globMatcher(pieces.join(""))(candidate)).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
  expect(matched).toBeGreaterThan(50);
});

function asExpression(part: string): string {
  if (part === "*") return ".*";
  if (part === "?") return ".";
  return part.length === 2 ? part : part.replace(/[.[]/, "\\$&");
}

test("a backslash at the end stands for itself", () => {
  expect(globMatcher("a\\")("a\\")).toBe(true);
  expect(globMatcher("a\\")("a")).toBe(false);
});

test("many stars on a long text that does not match are answered", () => {
  expect(globMatcher(`${"*a".repeat(50)}b`)("a".repeat(5_000))).toBe(false);
});
