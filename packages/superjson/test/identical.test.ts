import { isDeepStrictEqual } from "node:util";
import { isCacheError } from "@granary/core";
import fc from "fast-check";
import superjson from "superjson";
import { expect, test } from "vitest";
import { superjsonSerializer as serializer } from "../src/index.js";
import { plainValue, RUNS, richValue, tangledValue } from "./values.js";

/** Much of the time goes into superjson itself. */
const SHARE = { plain: 0.6, rich: 0.35, tangled: 0.05 };

test("generated plain data gives the bytes of superjson, and comes back as from superjson", () => {
  expect(compareMany(plainValue, SHARE.plain)).toEqual({ looked: RUNS * SHARE.plain, refused: 0 });
}, 600_000);

test("generated values of every kind give the bytes of superjson, and come back as from superjson", () => {
  const { looked, refused } = compareMany(richValue, SHARE.rich);
  expect(looked).toBe(RUNS * SHARE.rich);
  // superjson links one NaN to another, and may then mistake one item of a set or map for another.
  expect(refused).toBeLessThan(looked / 1_000);
}, 600_000);

test("generated values with shared objects and cycles give the bytes of superjson, or are refused", () => {
  const { looked, refused } = compareMany(tangledValue, SHARE.tangled);
  expect(looked).toBe(RUNS * SHARE.tangled);
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(looked / 2);
}, 600_000);

function compareMany(values: fc.Arbitrary<unknown>, share: number): { looked: number; refused: number } {
  const counts = { looked: 0, refused: 0 };
  const compare = fc.property(values, (value) => {
    counts.looked++;
    const text = encodeOrRefuse(value);
    if (text === undefined) counts.refused++;
    else expectSame(value, text);
  });
  fc.assert(compare, { numRuns: RUNS * share });
  return counts;
}

function encodeOrRefuse(value: unknown): string | Uint8Array | undefined {
  try {
    return serializer.encode(value);
  } catch (error) {
    if (isCacheError(error, "INVALID_VALUE")) return undefined;
    throw error;
  }
}

/** `expect` is too slow to be called so often, other than to fail. */
function expectSame(value: unknown, text: string | Uint8Array): void {
  const wanted = superjson.stringify(value);
  if (text !== wanted) expect(text).toBe(wanted);
  const ours = serializer.decode(wanted);
  // What was one is one again, or at least as by superjson: it does not know of all places.
  const written = superjson.stringify(ours);
  if (written !== wanted && written !== superjson.stringify(superjson.parse(wanted))) expect(written).toBe(wanted);
  if (!isDeepStrictEqual(ours, value)) expect(ours).toEqual(value);
}
