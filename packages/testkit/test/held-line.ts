import type { FarLine, FarStore, OpenedStore } from "@granary/testkit";

/** The store of a node whose line to `far` a test may hold. */
export function openHeld(far: FarStore): OpenedStore {
  let held = Promise.resolve();
  const line: FarLine = {
    call: async (_operation, step) => {
      await held;
      return step();
    },
    tell: (task) => queueMicrotask(task),
  };
  const hold = (): (() => void) => {
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    return () => release();
  };
  return { store: far.connect({ line }), hold };
}
