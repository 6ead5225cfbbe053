import type { CacheEntry } from "./entry.js";

/** How a flight ended. Never a rejection: a flight that nobody waits for cannot become an unhandled one. */
export type Outcome =
  | { readonly type: "loaded"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: unknown };

export interface FlightPlan {
  /** What all flights of one store belong to: a key is unique there. */
  readonly owner: object;
  readonly key: string;
  /** The value that the load is to replace, which callers may be served meanwhile. */
  readonly previous: CacheEntry | undefined;
  /** When the flight is given up. */
  readonly deadlineAt: number;
  readonly awaitedBy?: Flight | undefined;
}

/** One load of one key, and those who wait for it. */
export class Flight {
  readonly key: string;
  /** What the load is to replace, as far as it still stands. */
  previous: CacheEntry | undefined;
  readonly deadlineAt: number;
  /** Settles once, when the load has ended or was given up. */
  readonly outcome: Promise<Outcome>;
  /** Something invalidated the key since the flight began: what it loads is not to be stored. */
  voided = false;
  /** It still asks for the right to load. */
  isSeeking = false;
  /** How often the key was changed elsewhere meanwhile. */
  overtaken = 0;
  /** Called once when the flight is voided, overtaken or has landed: gives back what it holds for others. */
  onRelease: (() => void) | undefined;
  landed = false;
  /** Loads that this one's loader waits for. */
  readonly waitsFor = new Set<Flight>();
  /** The load whose loader started this one and waits for it. */
  readonly awaitedBy: Flight | undefined;
  readonly owner: object;
  /** Its last caller left, of its own will: that it brings nothing says nothing about the origin. */
  isCancelled = false;
  /** Takes back the timer of the deadline. */
  cancelDeadline: (() => void) | undefined;
  #waiting = 0;
  #behind = false;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;
  #resolve!: (outcome: Outcome) => void;

  constructor({ key, previous, deadlineAt, awaitedBy, owner }: FlightPlan) {
    this.key = key;
    this.previous = previous;
    this.deadlineAt = deadlineAt;
    this.awaitedBy = awaitedBy;
    this.owner = owner;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Made only when a loader asks for it: an `AbortController` costs more than the rest of a flight. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Goes on without anyone waiting: a refresh behind, or a load that outlasted a soft timeout. */
  goBehind(): void {
    this.#behind = true;
  }

  enter(): void {
    this.#waiting += 1;
  }

  /** Whether the last one left, so that the flight has no purpose any more. */
  leave(): boolean {
    this.#waiting -= 1;
    return this.#waiting === 0 && !this.#behind && !this.landed;
  }

  void(): void {
    this.voided = true;
    this.#release();
  }

  /**
   * Another node changed the key. Whether the flight goes on: a load that has not begun is not the past when it ends,
   * and only the right to it has to be asked for again. All who wait for another node's load hear of the write that
   * ends it; if that voided them, each would load.
   */
  overtake(): boolean {
    if (!this.isSeeking) return false;
    this.overtaken += 1;
    this.previous = undefined;
    this.#release();
    return true;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }

  /** Whether this was the outcome that counts: the first. */
  land(outcome: Outcome): boolean {
    if (this.landed) return false;
    this.landed = true;
    this.cancelDeadline?.();
    this.#release();
    this.#resolve(outcome);
    return true;
  }

  #release(): void {
    const release = this.onRelease;
    this.onRelease = undefined;
    release?.();
  }
}
