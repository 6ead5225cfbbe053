import type { Clock } from "@granary/core";
import type { ManualClock } from "@granary/testkit";

type Task = () => void;

/**
 * The event loop of one node, which can stall. What falls due meanwhile runs afterwards: first the timers, then what the
 * sockets have received, as in Node.
 */
export class NodeLoop {
  /** Shows the same time as the steady one; its timers wait for the end of a stall. */
  readonly clock: Clock;
  readonly #steady: ManualClock;
  readonly #timers = new Set<Task>();
  readonly #sockets = new Set<Task>();
  /** Since when it runs. */
  runsSince = Number.NEGATIVE_INFINITY;
  #stalls = 0;

  constructor(steady: ManualClock) {
    this.#steady = steady;
    this.clock = { now: () => steady.now(), after: (ms, task) => this.#after(ms, task) };
  }

  get isStalled(): boolean {
    return this.#stalls > 0;
  }

  /** Something has come from outside. */
  receive(task: Task): void {
    if (this.isStalled) this.#sockets.add(task);
    else task();
  }

  stall(): void {
    this.#stalls += 1;
  }

  resume(): void {
    this.#stalls -= 1;
    if (this.isStalled) return;
    this.runsSince = this.#steady.now();
    for (const due of [this.#timers, this.#sockets]) this.#runAll(due);
  }

  /** Each in a turn of its own, all of them before any timer that one of them sets. */
  #runAll(due: Set<Task>): void {
    const run = (task: Task): void => {
      if (this.isStalled || !due.delete(task)) return;
      task();
    };
    for (const task of due) this.#steady.after(0, () => run(task));
  }

  #after(ms: number, task: Task): () => void {
    const once = (): void => task();
    const cancel = this.#steady.after(ms, () => {
      if (this.isStalled) this.#timers.add(once);
      else once();
    });
    return () => {
      cancel();
      this.#timers.delete(once);
    };
  }
}
