import { nextTurn } from "@granary/testkit";

type Handler = (...args: never[]) => void;

const COMPLAINTS = ["unhandledRejection", "uncaughtException", "warning"] as const;

/** Runs `act`, and resolves to all that the process complained of meanwhile: what would have ended it, or a warning. */
export async function complaintsDuring(act: () => Promise<unknown>): Promise<unknown[]> {
  const complaints: unknown[] = [];
  const others = COMPLAINTS.map((name) => [name, process.listeners(name as "warning") as Handler[]] as const);
  const note = (complaint: unknown): void => {
    complaints.push(complaint);
  };
  // The runner's own listeners would fail the run for what a test is here to see.
  for (const name of COMPLAINTS) process.removeAllListeners(name).on(name, note);
  try {
    await act();
    // A rejection is told at the end of a turn, and a warning in the next one.
    await nextTurn();
    await nextTurn();
  } finally {
    for (const [name, listeners] of others) restore(name, listeners);
  }
  return complaints;
}

function restore(name: (typeof COMPLAINTS)[number], listeners: readonly Handler[]): void {
  process.removeAllListeners(name);
  for (const listener of listeners) process.on(name, listener as never);
}
