import type { Attempt } from "./store.js";

/** An attempt, as whoever gives it up has it. */
export class PendingAttempt implements Attempt {
  isGivenUp = false;
  #listeners: (() => void)[] | undefined;

  onGiveUp(listener: () => void): void {
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  giveUp(): void {
    this.isGivenUp = true;
    for (const listener of this.#listeners ?? []) listener();
    this.#listeners = undefined;
  }
}
