import { isCacheError, parseDuration } from "@granary/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("a duration", () => {
  it.each([
    [0, 0],
    [250, 250],
    [0.5, 0.5],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["2w", 1_209_600_000],
    ["0ms", 0],
  ] as const)("%j is %d ms", (text, ms) => {
    expect(parseDuration(text, "ttl")).toBe(ms);
  });

  it.each([
    -1,
    Number.NaN,
    "5 parsecs",
    "",
    "5",
    "m",
    "-5m",
    "5M",
    "30m1h",
    "5m5m",
    "1e3s",
    "Infinity",
    null,
    {},
    true,
    "5m ",
  ])("%j is refused with a word on what to write", (wrong) => {
    const parse = (): number => parseDuration(wrong as never, "ttl");
    expect(parse).toThrow(/^ttl: .* is not a duration\. Write milliseconds/);
    expect(parse).toThrow(expect.toSatisfy((error: unknown) => isCacheError(error, "INVALID_OPTION")));
  });

  it("is never anything but a span or an error, whatever the text", () => {
    let parsed = 0;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("1", "0", ".", "m", "s", "h", "d", " ", "-") }), (text) => {
        try {
          expect(parseDuration(text as never, "ttl")).toBeGreaterThanOrEqual(0);
          parsed += 1;
        } catch (error) {
          expect(isCacheError(error, "INVALID_OPTION")).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(parsed).toBeGreaterThan(0);
  });
});
