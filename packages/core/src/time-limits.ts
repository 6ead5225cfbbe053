import { type Clock, runBehind } from "./clock.js";
import type { Flight } from "./flight.js";
import { isolatesRequests } from "./runtime.js";

/** So many that have landed are not worth looking for. */
const FEW_FLIGHTS = 64;

/**
 * Gives up each flight that is in the air at its deadline. A timer costs as much as the rest of a short flight, and most
 * have landed before the moment in which they began is over: it has one timer, and each that is still in the air then
 * gets one of its own.
 */
export class TimeLimits {
  readonly #clock: Clock;
  readonly #giveUp: (flight: Flight) => void;
  /** Flights of this moment, some of which have landed. */
  #young: Flight[] = [];
  #mostYoung = FEW_FLIGHTS;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, giveUp: (flight: Flight) => void) {
    this.#clock = clock;
    this.#giveUp = giveUp;
  }

  /** Limits a flight that begins now. */
  add(flight: Flight): void {
    if (flight.deadlineAt === Number.POSITIVE_INFINITY) return;
    if (isolatesRequests) return this.#arm(flight);
    if (this.#young.length >= this.#mostYoung) {
      this.#young = this.#young.filter(({ landed }) => !landed);
      this.#mostYoung = Math.max(FEW_FLIGHTS, 2 * this.#young.length);
    }
    this.#young.push(flight);
    this.#cancel ??= this.#clock.after(0, () => this.#endMoment());
  }

  /** No flight is in the air any more. */
  close(): void {
    this.#cancel?.();
  }

  #endMoment(): void {
    const flights = this.#young;
    this.#young = [];
    this.#cancel = undefined;
    for (const flight of flights) if (!flight.landed) this.#arm(flight);
  }

  #arm(flight: Flight): void {
    // Where a clock of a test was taken out, or the clock was set back, an instant of before is far away.
    const leftMs = Math.min(flight.limitMs, flight.deadlineAt - this.#clock.now());
    const giveUp = (): void => this.#giveUp(flight);
    // A load that nobody waits for, and that has nothing open itself, keeps no process.
    flight.cancelDeadline = flight.isAwaited
      ? this.#clock.after(leftMs, giveUp)
      : runBehind(this.#clock, leftMs, giveUp);
    flight.onLeftBehind = () => {
      flight.cancelDeadline?.();
      this.#arm(flight);
    };
  }
}
