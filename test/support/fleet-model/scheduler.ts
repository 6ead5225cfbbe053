import { nextTurn } from "@granary/testkit";

/** What decides which of the steps that could happen next does. A scheduler of fast-check is one. */
export interface Scheduler {
  /** Resolves when it is this step's turn. */
  schedule<T>(task: Promise<T>, label: string): Promise<T>;
  /** Steps that wait for their turn. */
  count(): number;
  /** Gives one step its turn. */
  waitOne(): Promise<void>;
}

/** Waits for a turn. */
export function turn(scheduler: Scheduler, label: string): Promise<void> {
  return scheduler.schedule(Promise.resolve(), label);
}

/** Takes steps until none is left, and none comes out of those. */
export async function drain(scheduler: Scheduler): Promise<void> {
  await nextTurn();
  while (scheduler.count() > 0) {
    await scheduler.waitOne();
    await nextTurn();
  }
}
