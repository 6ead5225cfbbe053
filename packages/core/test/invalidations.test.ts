import { describe, expect, test } from "vitest";
import { Invalidations } from "../src/invalidations.js";

const SCOPE = "granary:v1:posts";
const CHILD = `${SCOPE}/pages`;
const KEY = `${SCOPE}:1`;
const CHILD_KEY = `${CHILD}:1`;

function opened(most?: number) {
  const told: number[] = [];
  const invalidations: Invalidations = new Invalidations({
    forgetting: () => told.push(invalidations.size),
    ...(most !== undefined && { most }),
  });
  /** An entry that is written now. */
  const written = (...tags: string[]) => ({ sequence: invalidations.sequence, ...(tags.length > 0 && { tags }) });
  return { invalidations, told, written };
}

describe("an invalidation in this process", () => {
  test("of a namespace reaches what was written before it, there and in children, and nothing later", () => {
    const { invalidations, written } = opened();
    const before = written();
    invalidations.add({ scope: SCOPE });
    const after = written();
    expect(invalidations.permits(KEY, before)).toBe(false);
    expect(invalidations.permits(CHILD_KEY, before)).toBe(false);
    expect(invalidations.permits("granary:v1:postscript:1", before)).toBe(true);
    expect(invalidations.permits(KEY, after)).toBe(true);
    invalidations.add({ scope: CHILD });
    expect(invalidations.permits(KEY, after)).toBe(true);
    expect(invalidations.permits(CHILD_KEY, after)).toBe(false);
  });

  test("of tags reaches what carries one of them", () => {
    const { invalidations, written } = opened();
    const [x, y, both, none] = [written("x"), written("y"), written("y", "x"), written()];
    invalidations.add({ scope: SCOPE, tags: ["x", "unused"] });
    expect([x, y, both, none].map((entry) => invalidations.permits(KEY, entry))).toEqual([false, true, false, true]);
    expect(invalidations.permits(CHILD_KEY, x)).toBe(false);
    expect(invalidations.permits(KEY, written("x"))).toBe(true);
  });

  test("of a tag in a child leaves its parent alone", () => {
    const { invalidations, written } = opened();
    const entry = written("x");
    invalidations.add({ scope: CHILD, tags: ["x"] });
    expect(invalidations.permits(KEY, entry)).toBe(true);
    expect(invalidations.permits(CHILD_KEY, entry)).toBe(false);
  });

  test("of a namespace that had none is seen at once, also right after a look that found none", () => {
    const { invalidations, written } = opened();
    const entry = written();
    invalidations.add({ scope: "granary:v1:other" });
    expect(invalidations.permits(KEY, entry)).toBe(true);
    invalidations.add({ scope: SCOPE });
    expect(invalidations.permits(KEY, entry)).toBe(false);
  });
});

describe("too many invalidations", () => {
  test("are told before the older half is forgotten, so that what they hide can be dropped", () => {
    const { invalidations, told } = opened(10);
    for (let at = 0; at < 11; at += 1) invalidations.add({ scope: `granary:v1:n${at}` });
    expect(told).toEqual([11]);
    expect(invalidations.size).toBe(5);
    const old = { sequence: 0 };
    expect(invalidations.permits("granary:v1:n10:1", old)).toBe(false);
    // It is for who was told to have dropped what was under this.
    expect(invalidations.permits("granary:v1:n0:1", old)).toBe(true);
  });

  test("are bounded over all namespaces and their tags", () => {
    const { invalidations, told } = opened(100);
    for (let at = 0; at < 5_000; at += 1)
      invalidations.add({ scope: `granary:v1:n${at % 70}`, tags: [`t${at}`, `u${at}`] });
    expect(invalidations.size).toBeLessThanOrEqual(100);
    expect(told.length).toBeGreaterThan(1);
    expect(Math.max(...told)).toBeLessThanOrEqual(103);
  });

  test("of one namespace alone are forgotten with it", () => {
    const { invalidations, told } = opened(10);
    invalidations.add({ scope: SCOPE, tags: Array.from({ length: 20 }, (_, at) => `t${at}`) });
    expect([told, invalidations.size]).toEqual([[21], 0]);
  });

  test("of the same names again are no more than before", () => {
    const { invalidations, told } = opened(10);
    for (let round = 0; round < 100; round += 1) invalidations.add({ scope: SCOPE, tags: ["a", "b"] });
    expect([told, invalidations.size]).toEqual([[], 3]);
  });
});
