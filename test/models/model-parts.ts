import type { Step } from "./explore.js";
import type { Action, FleetRules } from "./fleet-rules.js";
import type { State } from "./fleet-state.js";

/** What the steps of a model go by. */
export interface Parts {
  readonly rules: FleetRules;
  readonly near: boolean;
  readonly changes: number;
  readonly faults: number;
  readonly may: ReadonlySet<Action>;
  /** The level of the key's own namespace. */
  readonly last: number;
}

export type Steps = Generator<Step<State>>;
