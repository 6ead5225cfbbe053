import { systemClock } from "@granary/core";

/**
 * A bus that is slower than these together to listen for the first time is not waited for. In steps, since it takes
 * several turns of the event loop: where this process is held up meanwhile, that costs one step and not all of them.
 */
const STEP_MS = 50;
const STEPS = 5;

/**
 * The time between a process's start and its bus listening for the first time. Whatever is loaded or written meanwhile
 * could miss a message; it waits instead, so that the first values of a process are kept like any other.
 */
export class FirstSubscription {
  #state: "awaited" | "over" = "awaited";
  #waiting: Promise<void> | undefined;
  #go = (): void => {};

  /** Resolves once the bus listens, or is not waited for any longer; `undefined` where that is now. */
  ready(): Promise<void> | undefined {
    if (this.#state !== "awaited") return undefined;
    this.#waiting ??= new Promise((resolve) => {
      let cancel = (): void => {};
      const wait = (steps: number): void => {
        cancel = systemClock.after(STEP_MS, () => (steps === 1 ? this.end() : wait(steps - 1)));
      };
      wait(STEPS);
      this.#go = () => {
        cancel();
        resolve();
      };
    });
    return this.#waiting;
  }

  /** Nobody is to wait any more: the bus listens, or says that it does not yet. */
  end(): void {
    this.#state = "over";
    this.#go();
  }
}

/** Also where far fails, so that nothing is loaded or written before the bus listens. */
export function bothReady(far: Promise<void> | undefined, bus: Promise<void> | undefined): Promise<void> | undefined {
  return bus === undefined || far === undefined ? (far ?? bus) : Promise.allSettled([far, bus]).then(() => far);
}
