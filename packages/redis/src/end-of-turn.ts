const settled = Promise.resolve();

/**
 * Runs `task` when this turn of the event loop has nothing left to say: behind the promises that are settled
 * already and all that they settle in turn, before any input or timer. A tick alone would run before them when
 * it is asked for outside a promise; asked for inside one, it waits for the rest. (As in Facebook's DataLoader.)
 */
export function atEndOfTurn(task: () => void): void {
  void settled.then(() => process.nextTick(task));
}
