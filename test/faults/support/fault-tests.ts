import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEndings, checks } from "./checks.js";
import type { Fault } from "./fault.js";
import { type FaultFleet, type FleetOptions, faultFleet } from "./fault-fleet.js";
import { each, endNode, faultRun } from "./fault-run.js";
import type { Outcome } from "./outcome.js";
import { isFull } from "./plan.js";
import { saveOutcome } from "./report.js";

/** Far more than a run takes. */
const RUN_TIMEOUT_MS = 300_000;

/** Faults for one kind of fleet. */
export interface FaultTests {
  readonly faults: readonly Fault[];
  /** Asked for when a fleet is started. */
  readonly options?: () => FleetOptions;
  /** How many fleets share the faults of the short form. In the full one each fault has a fleet of its own. */
  readonly fleets?: number;
}

/** Every fault in turn, and every check on it. In the short form, where figures do not matter, fleets work at once. */
export function testFaults({ faults, options = () => ({}), fleets = faults.length }: FaultTests): void {
  const groups = isFull ? faults.map((fault) => [fault]) : dealt(faults, fleets);
  const describeGroup = isFull ? describe : describe.concurrent;
  for (const [at, group] of groups.entries()) {
    describeGroup(`fleet ${at + 1}`, () => testInTurn(group, options));
  }
}

function testInTurn(faults: readonly Fault[], options: () => FleetOptions): void {
  let fleet: FaultFleet;
  let last: Outcome | undefined;
  beforeAll(async () => {
    fleet = await faultFleet(options());
  }, RUN_TIMEOUT_MS);
  afterAll(() => fleet.stop());

  for (const fault of faults) {
    describe.sequential(`${fault.lines}: ${fault.name}`, () => {
      let outcome: Outcome;
      beforeAll(async () => {
        outcome = await faultRun(fleet, fault);
        await saveOutcome(outcome);
        last = outcome;
      }, RUN_TIMEOUT_MS);

      test("the nodes notice", () => {
        expect(fault.noticed(outcome)).toBe(true);
      });

      test.each(Object.entries(checks))("%s", (_name, check) => check(outcome));
    });
  }

  test.sequential("C36: after close() no timer and no socket is left, and the processes end by themselves", {
    timeout: RUN_TIMEOUT_MS,
  }, async () => {
    const endings = await each(fleet.nodes, endNode);
    if (last !== undefined) await saveOutcome({ ...last, endings });
    checkEndings(endings);
  });
}

/** As cards are dealt: the first to the first, the second to the second. */
function dealt<T>(cards: readonly T[], hands: number): readonly (readonly T[])[] {
  return Array.from({ length: hands }, (_, hand) => cards.filter((_card, at) => at % hands === hand));
}
