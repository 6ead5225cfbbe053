import fc from "fast-check";
import { KEYS } from "./fleet.js";
import { POLICIES } from "./policies.js";
import type { Action, Move } from "./run.js";

/** What the runs of a search dwell on. */
export interface Focus {
  readonly keys?: readonly string[];
  readonly policies?: readonly string[];
  /** What loads come to, each as often as it stands here. */
  readonly outcomes?: ReadonlyArray<"loaded" | "failed">;
}

const node = fc.nat(2);
const scope = fc.constantFrom("", "", "child");
const tag = fc.constantFrom("t", "t", "t", "u");

function calls({ keys = KEYS, policies = Object.keys(POLICIES) }: Focus): fc.Arbitrary<Action> {
  const [key, policy] = [fc.constantFrom(...keys), fc.constantFrom(...policies)];
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant("get" as const), node, key }) },
    { weight: 7, arbitrary: fc.record({ type: fc.constant("getOrSet" as const), node, key, policy }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("set" as const), node, key, policy }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("delete" as const), node, key }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("expire" as const), node, key }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("invalidateTags" as const), node, scope, tag }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("clear" as const), node, scope }) },
  );
}

function events({ keys = KEYS, outcomes = ["loaded", "loaded", "failed"] }: Focus): fc.Arbitrary<Action> {
  const [key, outcome] = [fc.constantFrom(...keys), fc.constantFrom(...outcomes)];
  const ms = fc.constantFrom(1, 60, 600, 1_100, 3_500);
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant("write" as const), key }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant("land" as const), index: fc.nat(3), outcome }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("advance" as const), ms }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("gap" as const), node }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("setBack" as const), node }) },
    { weight: 3, arbitrary: fc.constant({ type: "quiet" as const }) },
  );
}

/** What happens, and how many steps of what is under way lie between two happenings. */
export function scenario(focus: Focus): fc.Arbitrary<Move[]> {
  const action = fc.oneof({ weight: 10, arbitrary: calls(focus) }, { weight: 8, arbitrary: events(focus) });
  const steps = fc.constantFrom(0, 0, 1, 2, 3, 4, 6, 9);
  return fc.array(fc.record({ action, steps }), { minLength: 4, maxLength: 18, size: "max" });
}

/** How far the nodes' clocks are off: up to five minutes. */
export const skewedClocks: fc.Arbitrary<number[]> = fc.array(fc.constantFrom(0, 300_000, -300_000, 17), {
  minLength: 2,
  maxLength: 3,
});

export const rightClocks: fc.Arbitrary<number[]> = fc.array(fc.constant(0), { minLength: 2, maxLength: 3 });

/** How often a message of the bus is delivered. */
export const deliveries: fc.Arbitrary<number> = fc.constantFrom(1, 1, 2);
