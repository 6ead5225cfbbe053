import { systemClock } from "@granary/core";

/** A bus that is slower than this to listen for the first time is not waited for. */
const LONGEST_WAIT_MS = 250;

/**
 * The time between a process's start and its bus listening for the first time. Whatever is loaded or written meanwhile
 * could miss a message; it waits instead, so that the first values of a process are kept like any other.
 */
export class FirstSubscription {
  #state: "awaited" | "given up" | "begun" = "awaited";
  #waiting: Promise<void> | undefined;
  #go = (): void => {};

  /** Resolves once the bus listens, or is not waited for any longer; `undefined` where that is now. */
  ready(): Promise<void> | undefined {
    if (this.#state !== "awaited") return undefined;
    this.#waiting ??= new Promise((resolve) => {
      const cancel = systemClock.after(LONGEST_WAIT_MS, () => this.#end("given up"));
      this.#go = () => {
        cancel();
        resolve();
      };
    });
    return this.#waiting;
  }

  /** The bus listens, from now on or anew. Whether nothing can have been under way before. */
  begin(): boolean {
    const isFirst = this.#state === "awaited";
    this.#end("begun");
    return isFirst;
  }

  /** Nobody is to wait any more. */
  close(): void {
    this.#end("given up");
  }

  #end(state: "given up" | "begun"): void {
    this.#state = state;
    this.#go();
  }
}
