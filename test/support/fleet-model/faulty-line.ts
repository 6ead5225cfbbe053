import type { ManualClock } from "@granary/testkit";
import type { NodeLine } from "./line.js";
import type { NodeLoop } from "./node-loop.js";
import type { Random } from "./random.js";

/** What may be wrong with a connection. */
export type LineTrouble = "refuses" | "holds" | "drags";

/** What became of calls, counted so that a run can show that its faults were felt. */
export interface LineCounts {
  refused: number;
  held: number;
  /** Lost on the way to the server, or on the way back, when the step was done. */
  lostUndone: number;
  lostDone: number;
  /** Sent a second time by the client, after it was connected again. */
  resent: number;
}

export interface FaultyLineParts {
  readonly steady: ManualClock;
  readonly loop: NodeLoop;
  readonly random: Random;
  readonly counts: LineCounts;
  tell(text: () => string): void;
}

interface Call {
  readonly operation: string;
  readonly step: () => unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  isDone: boolean;
}

/** One direction of the connection: what is sent arrives in order. */
interface Pipe {
  lastAt: number;
  readonly held: Array<() => void>;
}

/** So many clients send again what a connection has taken with it, rather than rejecting it. */
const RESENDING = 0.3;

/**
 * One node's connection to the server, as a client of Redis has it: one at a time, in order both ways, with faults. A
 * connection that breaks takes with it what is on its way: whether the step was done, the node is not told.
 */
export class FaultyLine implements NodeLine {
  readonly #parts: FaultyLineParts;
  readonly #troubles: Record<LineTrouble, number> = { refuses: 0, holds: 0, drags: 0 };
  readonly #open = new Set<Call>();
  #connection = 0;
  #requests: Pipe = newPipe();
  #answers: Pipe = newPipe();
  #again: Call[] = [];
  #together: Call[] | undefined;
  /** One way, while the connection drags. */
  #dragMs = 0;

  /** A setting of the client. */
  readonly #resends: boolean;

  constructor(parts: FaultyLineParts) {
    this.#parts = parts;
    this.#resends = parts.random.chance(RESENDING);
  }

  /** Since when calls come through in time; `Infinity` where they do not. */
  wholeSince = Number.NEGATIVE_INFINITY;

  call<T>(operation: string, step: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call = { operation, step, resolve: resolve as Call["resolve"], reject, isDone: false };
      if (this.#troubles.refuses === 0) this.#send(call);
      // A store keeps what undoes a write until it is connected: that write may be among those that are sent again.
      else if (operation === "undo") this.#again.push(call);
      else this.#refuse(call);
    });
  }

  tell(task: () => void): void {
    if (!this.#isOpen) return;
    const { steady, loop } = this.#parts;
    steady.after(this.#latencyMs(), () => loop.receive(task));
  }

  cut(): void {
    this.begin("holds");
  }

  /** From now on, until as many `end`. A connection that is refused is broken at once. */
  begin(trouble: LineTrouble, dragMs = 0): void {
    this.#troubles[trouble] += 1;
    this.wholeSince = Number.POSITIVE_INFINITY;
    if (trouble === "drags") this.#dragMs = dragMs;
    if (trouble === "refuses") this.break();
  }

  end(trouble: LineTrouble): void {
    this.#troubles[trouble] -= 1;
    if (!this.#isOpen) return;
    if (this.#troubles.drags === 0) this.wholeSince = this.#parts.steady.now();
    for (const pipe of [this.#requests, this.#answers]) for (const arrive of pipe.held.splice(0)) arrive();
    for (const call of this.#again.splice(0)) this.#send(call);
  }

  /** The connection is lost, and another one is made if that is possible. */
  break(): void {
    const { counts } = this.#parts;
    this.#connection += 1;
    [this.#requests, this.#answers, this.#together] = [newPipe(), newPipe(), undefined];
    for (const call of this.#open) {
      counts[call.isDone ? "lostDone" : "lostUndone"] += 1;
      if (this.#resends) this.#again.push(call);
      else this.#refuse(call);
    }
    this.#open.clear();
    if (this.#isOpen) for (const call of this.#again.splice(0)) this.#send(call);
  }

  get #isOpen(): boolean {
    return this.#troubles.refuses + this.#troubles.holds === 0;
  }

  #refuse(call: Call): void {
    const { steady, loop, counts } = this.#parts;
    counts.refused += 1;
    steady.after(this.#latencyMs(), () => loop.receive(() => call.reject(new Error("The connection is lost."))));
  }

  /** What is asked for in one go travels together. */
  #send(call: Call): void {
    if (call.isDone) this.#parts.counts.resent += 1;
    call.isDone = false;
    this.#open.add(call);
    if (this.#together !== undefined) return void this.#together.push(call);
    const together = [call];
    this.#together = together;
    const connection = this.#connection;
    queueMicrotask(() => {
      if (connection !== this.#connection) return;
      this.#together = undefined;
      this.#carry(this.#requests, () => this.#arrived(together));
    });
  }

  #arrived(calls: readonly Call[]): void {
    const answers = calls.map((call) => {
      call.isDone = true;
      this.#parts.tell(() => `the server does: ${call.operation}`);
      return answerOf(call);
    });
    this.#carry(this.#answers, () => {
      for (const call of calls) this.#open.delete(call);
      this.#parts.loop.receive(() => answers.forEach((answer, at) => answer(calls[at] as Call)));
    });
  }

  #carry(pipe: Pipe, arrive: () => void): void {
    const { steady, counts } = this.#parts;
    pipe.lastAt = Math.max(pipe.lastAt, steady.now() + this.#latencyMs());
    const connection = this.#connection;
    steady.after(pipe.lastAt - steady.now(), () => {
      if (connection !== this.#connection) return;
      if (this.#troubles.holds === 0) return arrive();
      counts.held += 1;
      pipe.held.push(arrive);
    });
  }

  #latencyMs(): number {
    const { random } = this.#parts;
    return random.between(0.2, 1.5) + (this.#troubles.drags > 0 ? this.#dragMs : 0);
  }
}

/** Takes the step, and says how its caller is to be told. */
function answerOf({ step }: Call): (call: Call) => void {
  try {
    const answer = step();
    return ({ resolve }) => resolve(answer);
  } catch (error) {
    return ({ reject }) => reject(error);
  }
}

function newPipe(): Pipe {
  return { lastAt: Number.NEGATIVE_INFINITY, held: [] };
}
