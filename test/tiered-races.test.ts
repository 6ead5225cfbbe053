import { describe, expect, test } from "vitest";
import { fillRaces } from "./support/fill-races.js";
import { loadRaces } from "./support/load-races.js";
import { naiveTiers } from "./support/naive-tiers.js";
import { tierNode } from "./support/tier-node.js";

const fills = fillRaces.map(({ name, play }) => [name, play] as const);
const loads = loadRaces.map(({ name, play }) => [name, play] as const);

test("there are races, and no two are one", () => {
  expect(fills.length).toBeGreaterThan(40);
  expect(loads.length).toBeGreaterThan(40);
  const names = [...fills, ...loads].map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe("what L2 held before a change is not in L1 after it", () => {
  test.each(fills)("%s", async (_name, play) => {
    await play(tierNode());
  });
});

describe("a pair of tiers without any guard is found out by", () => {
  test.each(fills)("%s", async (_name, play) => {
    await expect(play(tierNode({ pair: naiveTiers }))).rejects.toThrow(/expected/);
  });
});

describe("what was loaded before a change is in no tier after it", () => {
  test.each(loads)("%s", async (_name, play) => {
    const node = tierNode();
    await play(node, node);
  });
});

describe("a change that this node does not hear of is found out by", () => {
  test.each(loads)("%s", async (_name, play) => {
    const node = tierNode();
    const stranger = tierNode({ far: node.far });
    await expect(play(node, stranger)).rejects.toThrow(/expected/);
  });
});
