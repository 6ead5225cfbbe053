import { FAULT_CHECKERS, type Violation } from "./fault-checkers.js";
import { type FaultRunOptions, playFaults } from "./fault-run.js";
import type { Plant } from "./fleet.js";

export interface FaultSearch {
  readonly seeds: number;
  /** The first of them. Default: `GRANARY_SEED`, or 1. */
  readonly from?: number;
  /** Simulated time for each seed. */
  readonly minutes: number;
  readonly plant?: Plant;
  /** Only checkers whose names begin with this. */
  readonly checker?: string;
}

export interface FaultFindings {
  /** What was wrong first, with the seed and what happened around it. */
  readonly failure: string | undefined;
  /** How much each checker looked at, over all seeds. */
  readonly looked: Readonly<Record<string, number>>;
  /** How often each fault was felt. */
  readonly felt: Readonly<Record<string, number>>;
}

/** How much of the story is told before and after what was wrong. */
const TOLD_MS = [1_500, 100] as const;

/** Plays runs until a checker finds something wrong, or all are played. */
export async function searchFaults(search: FaultSearch): Promise<FaultFindings> {
  const { seeds, minutes, plant, checker = "", from = Number(process.env["GRANARY_SEED"] ?? 1) } = search;
  const checkers = Object.entries(FAULT_CHECKERS).filter(([name]) => name.startsWith(checker));
  const [looked, felt]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = { seed, minutes, ...(plant !== undefined && { plant }) };
    const outcome = await playFaults(run);
    add(felt, outcome.felt);
    const verdicts = checkers.map(([name, check]) => ({ name, ...check(outcome.log) }));
    for (const { name, looked: count } of verdicts) add(looked, { [name]: count });
    const wrong = verdicts.find(({ violations }) => violations.length > 0);
    if (wrong !== undefined) return { failure: await tell(run, wrong), looked, felt };
  }
  return { failure: undefined, looked, felt };
}

interface Wrong {
  readonly name: string;
  readonly violations: readonly Violation[];
}

/** Plays the same run again, and writes down what happened about the first thing that was wrong. */
async function tell(run: FaultRunOptions, { name, violations }: Wrong): Promise<string> {
  const { ms, what } = violations[0] ?? { ms: 0, what: "" };
  const { log } = await playFaults({ ...run, isTold: true });
  const [before, after] = TOLD_MS;
  const isNear = (line: string): boolean => {
    const at = Number.parseFloat(line);
    return at > ms - before && at < ms + after;
  };
  return [`seed ${run.seed}, ${name}: at ${ms} ${what}`, ...log.story.filter(isNear)].join("\n");
}

function add(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
