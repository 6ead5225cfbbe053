import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plant } from "./support/fleet-model/fleet.js";
import { type Herd, type HerdOutcome, stampede } from "./support/fleet-model/herd.js";
import { eternalLeases, noLeases } from "./support/fleet-model/plants.js";
import { FACTOR, SEED } from "./support/fleet-model/search.js";

const LEASE_MS = 3_000;

/** Asks again at the latest after this long, and the model looks this often. */
const SLACK_MS = 350;

type Judge = (outcome: HerdOutcome) => void;

interface Hunt extends Pick<Herd, "nodes" | "dies"> {
  readonly runs: number;
  readonly plant?: Plant;
}

async function hunt({ runs, ...herd }: Hunt, judge: Judge): Promise<number> {
  let calls = 0;
  const callers = fc.integer({ min: 2, max: 5 });
  const steps = fc.array(fc.constantFrom(0, 0, 1, 2, 5), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(fc.scheduler(), callers, steps, async (scheduler, each, between) => {
    const outcome = await stampede({ scheduler, callers: each, steps: between, ...herd });
    calls += outcome.calls;
    judge(outcome);
  });
  await fc.assert(property, { numRuns: runs * FACTOR, seed: SEED, endOnFailure: herd.plant !== undefined });
  return calls;
}

const oneLoad: Judge = ({ loads, calls, answered }) => {
  expect(loads).toBe(1);
  expect(answered).toBe(calls);
};

const takenOver: Judge = ({ loads, calls, answered, takenOverMs }) => {
  expect(answered).toBe(calls);
  expect(loads).toBe(2);
  expect(takenOverMs).toBeLessThanOrEqual(LEASE_MS + SLACK_MS);
};

describe("many callers of one cold key cost one load", { timeout: 300_000 * FACTOR }, () => {
  test("C1 on one node", async () => {
    expect(await hunt({ nodes: 1, runs: 150 }, oneLoad)).toBeGreaterThan(0);
  });

  test("C2 on four nodes", async () => {
    expect(await hunt({ nodes: 4, runs: 150 }, oneLoad)).toBeGreaterThan(0);
  });

  test("C2 on four nodes without leases it is one a node", async () => {
    const perNode: Judge = ({ loads, calls, answered }) => {
      expect(loads).toBeLessThanOrEqual(4);
      expect(answered).toBe(calls);
    };
    expect(await hunt({ nodes: 4, runs: 50, plant: noLeases }, perNode)).toBeGreaterThan(0);
    await expect(hunt({ nodes: 4, runs: 50, plant: noLeases }, oneLoad)).rejects.toThrow("Property failed");
  });

  test("C3 a holder that dies is taken over within the time of its lease", async () => {
    expect(await hunt({ nodes: 3, runs: 25, dies: true }, takenOver)).toBeGreaterThan(0);
    await expect(hunt({ nodes: 3, runs: 5, dies: true, plant: eternalLeases }, takenOver)).rejects.toThrow(
      "Property failed",
    );
  });
});
