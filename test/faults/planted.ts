import { beforeAll, describe, expect, test } from "vitest";
import { type CheckName, checks } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { type NodeResult, type Plant, withFleet } from "./support/fault-fleet.js";
import { each, faultRun, spanOfLoad } from "./support/fault-run.js";
import { cut, onLines } from "./support/lines.js";
import type { Outcome } from "./support/outcome.js";
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

/** For good: what a node misses meanwhile, nothing of later makes up for. */
const deafened: Fault = {
  lines: "",
  name: "one node is cut off from the bus only",
  plan: { perSecond: 300 },
  begin: onLines("n1", "bus", cut),
  end: async () => undefined,
  noticed: () => true,
};

/** Bugs, the fault that brings them out, and what has to find each. */
const runs: ReadonlyArray<{
  readonly fault: Fault;
  readonly via?: "proxies";
  readonly mix?: "even";
  readonly finds: Partial<Record<Plant, CheckName>>;
}> = [
  {
    fault: killed,
    finds: {
      throws: "C22 C23: no call fails, and none hangs",
      forgets: "C25: a node never reads what was there before its own change",
      "leaks memory": "C23: calls without an answer are bounded, and so is memory",
      "leaves rejections": "C28: no rejection and no exception goes unhandled",
    },
  },
  {
    fault: deafened,
    via: "proxies",
    // With changes enough that some are of what the deaf node holds.
    mix: "even",
    finds: { "deaf to gaps": "C21: in the end all nodes agree with the origin" },
  },
];

for (const { fault, via, mix = "all", finds } of runs) {
  describe.concurrent(`when ${fault.name}`, () => {
    let outcome: Outcome;
    beforeAll(async () => {
      const plants = Object.keys(finds) as Plant[];
      // Nobody waits long for what is to go wrong.
      outcome = await withFleet({ plants, via, mix }, (fleet) => faultRun(fleet, fault, 2_000));
    }, TIMEOUT_MS);

    test.each(Object.entries(finds))("a node that %s is found out by %s", (_plant, check) => {
      expect(() => checks[check](outcome)).toThrow(/expected/);
    });
  });
}

describe.concurrent("C23: while Redis is frozen, and stays so", () => {
  test("every call ends, and what the client still holds is little", { timeout: TIMEOUT_MS }, async () => {
    const results = await frozenForGood();
    for (const { calls, hung, failed } of results) {
      expect(calls).toBeGreaterThan(100);
      expect({ hung, failed }).toEqual({ hung: 0, failed: {} });
    }
  });

  test("calls without a guard hang, and are found out", { timeout: TIMEOUT_MS }, async () => {
    const results = await frozenForGood(["no guard"]);
    for (const { hung } of results) expect(hung).toBeGreaterThan(0);
  });

  function frozenForGood(plants: readonly Plant[] = []): Promise<readonly NodeResult[]> {
    return withFleet({ plants, count: 1 }, async ({ redis, nodes }) => {
      await each(nodes, (node) => node.ask("warm"));
      redis.freeze();
      await each(nodes, (node) => node.ask("start", 300));
      await spanOfLoad(nodes, plan.faultMs);
      return each(nodes, (node) => node.ask<NodeResult>("stop"));
    });
  }
});
