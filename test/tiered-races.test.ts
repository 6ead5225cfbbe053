import { describe, expect, test } from "vitest";
import { fillRaces } from "./support/fill-races.js";
import { loadRaces } from "./support/load-races.js";
import { naiveTiers } from "./support/naive-tiers.js";
import { newFar, newPlainFar, tierNode } from "./support/tier-node.js";

const fills = fillRaces.map(({ name, play }) => [name, play] as const);
const loads = loadRaces.map(({ name, play }) => [name, play] as const);

test("there are races, and no two are one", () => {
  expect(fills.length).toBeGreaterThan(40);
  expect(loads.length).toBeGreaterThan(40);
  const names = [...fills, ...loads].map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each([
  ["", newFar],
  [", which keeps generations as entries,", newPlainFar],
])("what L2%s", (_kind, far) => {
  test.each(fills)("held before is not in L1 after %s", async (_name, play) => {
    await play(tierNode({ far: far() }));
  });

  test.each(loads)("is given of a load is in no tier after %s", async (_name, play) => {
    const node = tierNode({ far: far() });
    await play(node, node);
  });
});

describe.each([
  ["", newFar],
  [" over an L2 that keeps generations as entries", newPlainFar],
])("a pair of tiers without any guard%s is found out by", (_kind, far) => {
  test.each(fills)("%s", async (_name, play) => {
    await expect(play(tierNode({ far: far(), pair: naiveTiers }))).rejects.toThrow(/expected/);
  });
});

describe("a change that this node does not hear of is found out by", () => {
  test.each(loads)("%s", async (_name, play) => {
    const node = tierNode();
    const stranger = tierNode({ far: node.far });
    await expect(play(node, stranger)).rejects.toThrow(/expected/);
  });
});
