/** Taken when this module loads, so that a runner's fake timers do not stop it. */
const { setImmediate, setTimeout } = globalThis as unknown as {
  setImmediate?: (task: () => void) => unknown;
  setTimeout: (task: () => void, ms: number) => unknown;
};

/** Resolves in the next turn of the event loop: every promise job that could run by then has run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
