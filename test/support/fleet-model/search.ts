import fc from "fast-check";
import type { Checker, Verdict } from "./checkers.js";
import type { Plant } from "./fleet.js";
import { play } from "./run.js";
import { deliveries, type Focus, scenario, skewedClocks } from "./scenario.js";

/** Multiplies the runs of every search. */
export const FACTOR = Number(process.env["GRANARY_RUNS"] ?? (process.env["GRANARY_FULL"] === "1" ? 30 : 1));

/** The same seeds every time in the short run, others each time in the long one. Named in every failure. */
export const SEED = Number(process.env["GRANARY_SEED"] ?? (FACTOR > 1 ? Date.now() : 20_261_122));

export interface Search {
  readonly runs: number;
  readonly checkers: Readonly<Record<string, Checker>>;
  readonly plant?: Plant;
  readonly focus?: Focus;
  /** Default: up to five minutes off. */
  readonly skews?: fc.Arbitrary<number[]>;
}

export interface Found {
  readonly runs: number;
  /** How much each checker looked at, over all runs. */
  readonly looked: Readonly<Record<string, number>>;
  /** What was wrong, and the run in which it was, with its seed. */
  readonly failure: string | undefined;
}

/** Plays runs until a checker finds something wrong, or all are played. */
export async function search({ runs, checkers, plant, focus = {}, skews = skewedClocks }: Search): Promise<Found> {
  const looked: Record<string, number> = Object.fromEntries(Object.keys(checkers).map((name) => [name, 0]));
  const property = fc.asyncProperty(fc.scheduler(), scenario(focus), skews, deliveries, async (scheduler, ...rest) => {
    const [moves, skewed, times] = rest;
    const history = await play({ scheduler, moves, skews: skewed, times, ...(plant !== undefined && { plant }) });
    for (const [name, checker] of Object.entries(checkers)) {
      const verdict = checker(history);
      looked[name] = (looked[name] ?? 0) + verdict.looked;
      refuse(name, verdict);
    }
  });
  // A planted bug need only be found; a real one is made small.
  const endOnFailure = plant !== undefined;
  const details = await fc.check(property, { numRuns: runs * FACTOR, seed: SEED, endOnFailure });
  return { runs: details.numRuns, looked, failure: tell(details) };
}

function tell<Ts>(details: fc.RunDetails<Ts>): string | undefined {
  if (!details.failed) return undefined;
  const error = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  return `${error}\n${fc.defaultReportMessage(details) ?? ""}`;
}

function refuse(name: string, { violations: [first] }: Verdict): void {
  if (first !== undefined) throw new Error(`${name}: ${first}`);
}
