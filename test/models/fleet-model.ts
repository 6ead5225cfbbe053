import type { Model } from "./explore.js";
import { fill } from "./far-changes.js";
import { busSteps, faultSteps } from "./fault-steps.js";
import { type Action, FLEET_RULES, type FleetRules } from "./fleet-rules.js";
import { after, keyOf, type State, startState } from "./fleet-state.js";
import { isValid } from "./generations.js";
import type { Parts } from "./model-parts.js";
import { nodeSteps } from "./node-steps.js";
import { writerSteps } from "./writer-steps.js";

export interface FleetOptions {
  readonly actions: readonly Action[];
  /** How many levels the key lives in: 1, or 2 for a child namespace. */
  readonly levels?: 1 | 2;
  /** Node A has a near tier, and hears of changes. */
  readonly near?: boolean;
  /** The far store holds the first version when it begins. */
  readonly filled?: boolean;
  /** How often the origin changes, and how many faults there are. */
  readonly changes?: number;
  readonly faults?: number;
  readonly rules?: Partial<FleetRules>;
}

/** Two nodes that load one key, a writer, and what can go wrong between them and the far store. */
export function fleetModel(options: FleetOptions): Model<State> {
  const { levels = 1, near = false, filled = false, changes = 2, faults = 2 } = options;
  const rules = { ...FLEET_RULES, ...options.rules };
  const parts: Parts = { rules, near, changes, faults, may: new Set(options.actions), last: levels - 1 };
  return {
    start: filled ? after(startState(levels), (x) => fill(x, rules)) : startState(levels),
    key: keyOf,
    wrong: (state) => wrong(state, rules),
    *steps(state) {
      yield* nodeSteps(parts, state, 0);
      if (parts.may.has("B")) yield* nodeSteps(parts, state, 1);
      yield* writerSteps(parts, state);
      yield* busSteps(parts, state);
      yield* faultSteps(parts, state);
    },
  };
}

function wrong(state: State, rules: FleetRules): string | undefined {
  const { far, given } = state;
  if (far.entry !== null && isValid(far.records, far.entry, rules) && far.entry.value < far.must)
    return `the far store gives ${far.entry.value}, and ${far.must} was promised`;
  if (given === null) return undefined;
  if (given.by === "near" && given.isQuiet && given.value < far.must)
    return `the near copy gives ${given.value}, ${far.must} was promised, and no word of it is under way`;
  if (given.value < state.mustHere) return `A gives ${given.value} after its own change to ${state.mustHere}`;
  // What a failover has lost is seen again until it is told again, or for ever where it was a load.
  if (given.value < state.seen && !state.hasFailedOver) return `A gives ${given.value} after ${state.seen}`;
  return undefined;
}
