import type { Clock } from "@granary/core";
import { nextTurn } from "./event-loop.js";
import type { AnyFault } from "./faults.js";
import { inAnotherOrder, seededRandom } from "./seeded.js";

/** A fault that was put in. */
export interface InjectedFault {
  /** How often it has struck. A test that relies on the fault checks here that there was one. */
  readonly struck: number;
  /** Takes this fault away, and no other. What waits because of it goes on at once. */
  mend(): void;
}

/** A fault that has struck a call or a message. */
export interface Striking<F> {
  readonly fault: F;
  /** Whether it has not been mended since. */
  readonly isInForce: boolean;
  /** Numbers from 0 to below 1 that follow from the fault's seed. */
  readonly random: () => number;
  /** Runs `task` when the fault lets it: at once where it is not one of travel, or was mended. */
  pass(task: () => void): void;
  /** Runs `task` when the fault's `ms` have passed, or it is mended. */
  later(task: () => void): void;
}

interface Injected<F> extends Striking<F> {
  struck: number;
}

interface Waiting<F> {
  readonly by: Injected<F>;
  readonly task: () => void;
  readonly cancel?: () => void;
}

/** The faults that are in force, and what waits because of them. */
export class FaultBoard<F extends AnyFault> {
  readonly #clock: Clock;
  readonly #inForce = new Set<Injected<F>>();
  readonly #waiting = new Set<Waiting<F>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  inject(fault: F): InjectedFault {
    const injected = this.#injected(fault);
    this.#inForce.add(injected);
    return {
      get struck() {
        return injected.struck;
      },
      mend: () => this.#mend([injected]),
    };
  }

  mend(): void {
    this.#mend([...this.#inForce]);
  }

  /** The faults that strike one call or message, in the order in which they were put in. */
  strike(meets: (fault: F) => boolean): ReadonlyArray<Striking<F>> {
    const striking = [...this.#inForce].filter(
      ({ fault, struck }) => struck < (fault.times ?? Number.POSITIVE_INFINITY) && meets(fault),
    );
    for (const injected of striking) injected.struck += 1;
    return striking;
  }

  #injected(fault: F): Injected<F> {
    const inForce = this.#inForce;
    const injected: Injected<F> = {
      fault,
      get isInForce() {
        return inForce.has(injected);
      },
      random: seededRandom(fault.seed ?? 1),
      struck: 0,
      pass: (task) => this.#pass(injected, task),
      later: (task) => this.#later(injected, task),
    };
    return injected;
  }

  #pass(by: Injected<F>, task: () => void): void {
    const type = by.isInForce ? by.fault.type : "mended";
    if (type === "hang") this.#waiting.add({ by, task });
    else if (type === "delay") this.#later(by, task);
    else if (type === "reorder") this.#shuffle(by, task);
    else if (type !== "drop") task();
  }

  #later(by: Injected<F>, task: () => void): void {
    const cancel = this.#clock.after(by.fault.ms ?? 0, () => this.#go(waiting));
    const waiting = { by, task, cancel };
    this.#waiting.add(waiting);
  }

  #shuffle(by: Injected<F>, task: () => void): void {
    if (this.#waitingFor([by]).length === 0) void nextTurn().then(() => this.#goInAnotherOrder(by));
    this.#waiting.add({ by, task });
  }

  #goInAnotherOrder(by: Injected<F>): void {
    for (const waiting of inAnotherOrder(this.#waitingFor([by]), by.random)) this.#go(waiting);
  }

  #mend(faults: ReadonlyArray<Injected<F>>): void {
    // First, so that what goes on is not held by the same fault again.
    for (const injected of faults) this.#inForce.delete(injected);
    for (const waiting of this.#waitingFor(faults)) this.#go(waiting);
  }

  /** In the order in which they began to wait. */
  #waitingFor(faults: ReadonlyArray<Injected<F>>): ReadonlyArray<Waiting<F>> {
    return [...this.#waiting].filter(({ by }) => faults.includes(by));
  }

  #go(waiting: Waiting<F>): void {
    waiting.cancel?.();
    // What goes on may mend in its turn, and then has let the others go on already.
    if (this.#waiting.delete(waiting)) waiting.task();
  }
}
