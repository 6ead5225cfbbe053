import { type Attempt, isError } from "@granary/core";
import { orUnpermitted } from "./permissions.js";
import { orRefused } from "./refusals.js";
import { type CountedStep, isSet, type Step } from "./script.js";

/** A step that was asked for. */
export interface AskedStep {
  readonly step: Step | CountedStep;
  readonly attempt: Attempt | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** As it is sent. */
export interface PendingStep extends AskedStep {
  readonly step: Step;
}

/** What goes out as one step: a step, or values of the same namespaces one behind the other. */
export interface JointStep {
  readonly step: Step;
  readonly pending: PendingStep[];
}

/** The steps of one command. */
export function joined(command: readonly PendingStep[]): readonly JointStep[] {
  const joint: JointStep[] = [];
  for (const each of command) {
    const { step } = each;
    const last = joint.at(-1);
    if (last !== undefined && isSet(last.step) && isSet(step) && last.step.records === step.records) {
      last.step.writes.push(...step.writes);
      last.pending.push(each);
    } else joint.push({ step: isSet(step) ? { ...step, writes: [...step.writes] } : step, pending: [each] });
  }
  return joint;
}

/** A step that writes answers 1, or the records and then for each value 1 or an error. */
export function settle({ step, pending }: JointStep, answer: unknown): void {
  const [records, ...each] = isSet(step) && Array.isArray(answer) ? (answer as readonly unknown[]) : [answer];
  pending.forEach(({ resolve, reject }, at) => {
    const refusal = isError(answer) ? answer : each[at];
    if (isError(refusal)) reject(explained(refusal));
    else resolve(records);
  });
}

export function explained(error: unknown): unknown {
  return orRefused(orUnpermitted(error));
}
