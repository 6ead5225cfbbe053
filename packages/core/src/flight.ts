import type { Awaitable, CacheEntry } from "./entry.js";

/** How a flight ended. Never a rejection: a flight that nobody waits for cannot become an unhandled one. */
export type Outcome =
  | { readonly type: "loaded"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: unknown };

export interface FlightPlan {
  readonly call: { readonly key: string; readonly policy: { readonly hardTimeoutMs: number } };
  /** The value that the load is to replace, which callers may be served meanwhile. */
  readonly previous: CacheEntry | undefined;
  /** The load whose loader starts this one and waits for it. */
  readonly awaitedBy: Flight | undefined;
  /** This moment. */
  readonly now: number;
}

type Listener = (outcome: Outcome) => void;

/** One load of one key, and those who wait for it. */
export abstract class Flight {
  readonly key: string;
  /** What the load is to replace, as far as it still stands. */
  previous: CacheEntry | undefined;
  /** When the flight is given up, and how long that was from its start. */
  readonly deadlineAt: number;
  readonly limitMs: number;
  /** Something invalidated the key since the flight began: what it loads is not to be stored. */
  voided = false;
  /** It still asks for the right to load. */
  isSeeking = false;
  /** How often the key was changed elsewhere meanwhile. */
  overtaken = 0;
  /** Called once when the flight is voided, overtaken or has landed: gives back what it holds for others. */
  onRelease: (() => void) | undefined;
  /** How the load has ended, or was given up. */
  outcome: Outcome | undefined;
  /** The load whose loader started this one and waits for it. */
  readonly awaitedBy: Flight | undefined;
  /** What all flights of one store belong to: a key is unique there. */
  readonly owner: object;
  /** It has begun to do something, so that not everybody who asks now has asked in the same moment. */
  isUnderWay = false;
  /** Its loader has ended. What that left behind, such as a timer, is part of the load no longer. */
  hasLoaded = false;
  /** Its last caller left, of its own will: that it brings nothing says nothing about the origin. */
  isCancelled = false;
  /** Takes back the timer of the deadline. */
  cancelDeadline: (() => void) | undefined;
  /** Called where it goes on behind, and the last of those who waited for it has left. */
  onLeftBehind: (() => void) | undefined;
  #waitsFor: Set<Flight> | undefined;
  #waiting = 0;
  #behind = false;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;
  #listeners: Listener[] | undefined;

  constructor({ call, previous, awaitedBy, now }: FlightPlan, owner: object) {
    this.key = call.key;
    this.previous = previous;
    this.limitMs = call.policy.hardTimeoutMs;
    this.deadlineAt = now + this.limitMs;
    this.awaitedBy = awaitedBy;
    this.owner = owner;
  }

  /** Gets the value. It is called at `now`. */
  abstract load(now: number): Awaitable<unknown>;
  /** Checks and stores what was loaded; gives what the callers are to have. */
  abstract keep(loaded: unknown): Awaitable<unknown>;
  /** The flight has ended without a value. */
  protected abstract failed(error: unknown): void;

  get landed(): boolean {
    return this.outcome !== undefined;
  }

  /** Calls `listener` with the outcome as soon as there is one. */
  whenLanded(listener: Listener): void {
    if (this.outcome !== undefined) listener(this.outcome);
    else if (this.#listeners !== undefined) this.#listeners.push(listener);
    // Mostly one caller waits, and an empty list that is pushed to makes room for many.
    else this.#listeners = [listener];
  }

  /** Made only when a loader asks for it: an `AbortController` costs more than the rest of a flight. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Loads that this one's loader waits for: mostly none. */
  get waitsFor(): Set<Flight> {
    this.#waitsFor ??= new Set();
    return this.#waitsFor;
  }

  /** Goes on without anyone waiting: a refresh behind, or a load that outlasted a soft timeout. */
  goBehind(): void {
    this.#behind = true;
  }

  enter(): void {
    this.#waiting += 1;
  }

  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Whether the last one left, so that the flight has no purpose any more. */
  leave(): boolean {
    this.#waiting -= 1;
    if (this.#waiting > 0 || this.landed) return false;
    if (this.#behind) this.onLeftBehind?.();
    return !this.#behind;
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

  /** The first outcome is the one that counts. */
  land(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.cancelDeadline?.();
    this.#release();
    if (outcome.type === "failed") this.failed(outcome.error);
    for (const listener of this.#listeners ?? []) listener(outcome);
  }

  #release(): void {
    const release = this.onRelease;
    this.onRelease = undefined;
    release?.();
  }
}
