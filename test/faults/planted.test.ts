import { describe, expect, test } from "vitest";
import { type CheckName, checks } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { type NodeResult, type Plant, withFleet } from "./support/fault-fleet.js";
import { each, faultRun, spanOfLoad } from "./support/fault-run.js";
import { judge } from "./support/judge.mjs";
import { plan } from "./support/plan.js";

const TIMEOUT_MS = 120_000;

const killed: Fault = {
  lines: "",
  name: "Redis is killed",
  plan: { perSecond: 300 },
  begin: ({ redis }) => redis.kill(),
  end: ({ redis }) => redis.start(),
  noticed: () => true,
};

const deafened: Fault = {
  lines: "",
  name: "one node is cut off from the bus only",
  plan: { perSecond: 300 },
  begin: async ({ nodes }) => {
    nodes[1]?.lines?.bus.refuse();
    nodes[1]?.lines?.bus.reset();
  },
  end: async ({ nodes }) => nodes[1]?.lines?.bus.mend(),
  noticed: () => true,
};

/** A bug, the fault that brings it out, and what has to find it. */
const plants: ReadonlyArray<readonly [Plant, Fault, CheckName]> = [
  ["throws", killed, "C22 C23: no call fails, and none hangs"],
  ["forgets", killed, "C25: a node never reads what was there before its own change"],
  ["deaf to gaps", deafened, "C21: in the end all nodes agree with the origin"],
  ["leaks memory", killed, "C23: calls without an answer are bounded, and so is memory"],
  ["leaves rejections", killed, "C28: no rejection and no exception goes unhandled"],
];

describe.concurrent("a node that", () => {
  test.each(plants)("%s is found out", { timeout: TIMEOUT_MS }, async (plant, fault, name) => {
    const via = fault === deafened ? { via: "proxies" as const } : {};
    // Nobody waits long for what is to go wrong.
    const outcome = await withFleet({ plant, ...via }, (fleet) => faultRun(fleet, fault, 2_000));
    expect(() => checks[name](outcome)).toThrow();
  });
});

describe.concurrent("C23: while Redis is frozen, and stays so", () => {
  test("every call ends, and what the client still holds is little", { timeout: TIMEOUT_MS }, async () => {
    const results = await frozenForGood();
    for (const { calls, hung, failed } of results) {
      expect(calls).toBeGreaterThan(100);
      expect({ hung, failed }).toEqual({ hung: 0, failed: {} });
    }
  });

  test("calls without a guard hang, and are found out", { timeout: TIMEOUT_MS }, async () => {
    const results = await frozenForGood("no guard");
    for (const { hung } of results) expect(hung).toBeGreaterThan(0);
  });

  function frozenForGood(plant?: Plant): Promise<readonly NodeResult[]> {
    return withFleet({ plant, count: 1 }, async ({ redis, nodes }) => {
      await each(nodes, (node) => node.ask("warm"));
      redis.freeze();
      await each(nodes, (node) => node.ask("start", 300));
      await spanOfLoad(nodes, plan.faultMs);
      return each(nodes, (node) => node.ask<NodeResult>("stop"));
    });
  }
});

describe("the observer", () => {
  const change = { node: "a", key: "k", version: 2, resolvedAt: 100, takenAt: 150 };
  const read = { node: "b", key: "k", version: 1, at: 120 };
  const from = (reads: object[], span: object = {}) =>
    judge({ reads, changes: [change] }, { from: 0, to: 1_000, binds: "resolvedAt", ...span });

  test("finds a read of what another node had changed, and says for how long it had been", () => {
    expect(from([read])).toMatchObject({ reads: 1, changes: 1, own: [], ages: [20], oldest: read });
  });

  test("finds a read of what the same node had changed", () => {
    expect(from([{ ...read, node: "a" }]).own).toMatchObject([{ ...read, node: "a", ownAge: 20 }]);
  });

  test.each([
    ["began before the change resolved", { at: 99 }, {}],
    ["gave the changed version", { version: 2 }, {}],
    ["is of another key", { key: "l" }, {}],
    ["began before Redis had the change, where that is what binds", { at: 149 }, { binds: "takenAt" }],
  ])("finds nothing wrong with a read that %s", (_, differs, span) => {
    expect(from([{ ...read, ...differs }], span)).toMatchObject({ reads: 1, own: [], ages: [] });
  });

  test("looks at no read from outside the span", () => {
    expect(from([read], { to: 120 }).reads).toBe(0);
  });
});
