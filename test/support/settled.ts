import { nextTurn } from "@granary/testkit";

/**
 * Resolves once all that was begun in this process has come as far as it can by itself: no promise job is left, as
 * those run before a turn of the event loop ends, and no further turn is planned. What still waits, waits for a signal
 * of the test, a timer, or another process.
 */
export async function settled(): Promise<void> {
  do await nextTurn();
  while (process.getActiveResourcesInfo().includes("Immediate"));
}
