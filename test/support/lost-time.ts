const TICK_MS = 10;

/** How long this process has waited for the processor since this was begun. */
export interface LostTime {
  /** In milliseconds. */
  readonly ms: number;
  stop(): void;
}

/**
 * Adds up by how much a timer of this process comes late, which is the time that other work of the machine, or of this
 * process, took from it. A bound in real time holds for a process that is let run: what was lost is taken out.
 */
export function lostTime(): LostTime {
  let [ms, dueAt] = [0, performance.now() + TICK_MS];
  const late = (): number => Math.max(0, performance.now() - dueAt);
  const timer = setInterval(() => {
    ms += late();
    dueAt = performance.now() + TICK_MS;
  }, TICK_MS);
  return {
    get ms() {
      return ms + late();
    },
    stop: () => clearInterval(timer),
  };
}
