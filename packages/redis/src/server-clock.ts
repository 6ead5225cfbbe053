import { type Clock, runBehind, systemClock } from "@granary/core";
import { atMost } from "./at-most.js";
import { steadyClock } from "./steady-clock.js";

/** How long an answer is believed before the server is asked again: a quick one, and one that took long. */
const SAMPLE_AGE_MS = 30_000;
const WIDE_SAMPLE_AGE_MS = 1_000;
const QUICK_MS = 10;

/** Questions that fail are this long apart. */
const RETRY_MS = 100;

/**
 * A client that refuses sooner than this did not ask anybody. So it costs nothing to try it each time, and the first
 * load that finds it connected again goes by the server's clock.
 */
const REFUSED_MS = 10;

/** A server that is slower than this to tell its time is not waited for. */
const LONGEST_WAIT_MS = 250;

/** What the machine's clock may gain on the steady one between two answers without anything having happened. */
const LEAP_MS = 250;

/** For so long the machine's clock, which costs less to read and counts whole milliseconds, carries a reading on. */
const CARRIED_MS = 10;
const GRAIN_MS = 1;

/**
 * The clock of the Redis server, as far as it can be known here, for deadlines: this machine's steady clock plus an offset,
 * which each answer of the server gives, at the first use and now and then. (Cristian, 1989.) It is the least that the
 * answer allows, so that nothing is fresh for longer than it should be; an answer that took long says little, and sets the
 * clock back only where it contradicts what is known.
 *
 * A steady clock may stand still while the process is suspended. So it is held against the machine's at each reading: where
 * that has leapt ahead, all of it counts as time that has passed, what is known of the server is in doubt, and whoever
 * waits for `ready()` waits for it to be asked again.
 *
 * Until there is a sample it is the machine's clock. Where the first sample comes late, since the server could not be
 * reached, the clock steps then, by as much as the machine's is off. Deadlines that were set before were set by the
 * machine's clock, in this process's memory only.
 */
export class ServerClock implements Clock {
  readonly after: Clock["after"];
  readonly behind: NonNullable<Clock["behind"]>;
  readonly #time: () => Promise<unknown>;
  readonly onLeap: Clock["onLeap"];
  readonly #steady: Clock;
  readonly #machine: Clock;
  /** What the machine's clock was ahead of the steady one when the server last answered. */
  #skew = 0;
  #state: "trusted" | "in doubt" = "trusted";
  /** When the clocks were last read together, and what this one was ahead of the machine's then, at the least. */
  #carriedFrom = Number.NaN;
  #carriedBy = 0;
  /** What the server's clock is ahead of the steady one. */
  #offset: number | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #waiting: Promise<void> | undefined;
  /** Callers wait in vain once. From then on a server that does not answer is asked again behind them. */
  #patience: "waits" | "lost" = "waits";

  /** `time` asks the server, which answers seconds and microseconds. */
  constructor(time: () => Promise<unknown>, steady: Clock = steadyClock, machine: Clock = steady) {
    this.#time = time;
    this.#steady = steady;
    this.#machine = machine;
    this.onLeap = machine.onLeap;
    this.after = steady.after;
    this.behind = (ms, task) => runBehind(steady, ms, task);
  }

  now(): number {
    if (this.#offset === undefined) return systemClock.now();
    const machine = this.#machine.now();
    const passedMs = machine - this.#carriedFrom;
    if (!(passedMs >= 0 && passedMs < CARRIED_MS)) {
      const grainMs = this.#machine === this.#steady ? 0 : GRAIN_MS;
      this.#carriedFrom = machine;
      this.#carriedBy = this.#precisely(this.#offset) - machine - grainMs;
    }
    return machine + this.#carriedBy;
  }

  /** Resolves once there was a sample, or for now there is none; samples again, behind, where the last one is old. */
  ready(): Promise<void> | undefined {
    // Notices a leap.
    this.now();
    if (!this.#isAsking && this.#steady.now() >= this.#askAgainAt) this.#ask();
    return this.#isInStep ? undefined : this.#waiting;
  }

  get #isInStep(): boolean {
    return this.#offset !== undefined && this.#state === "trusted";
  }

  #precisely(offset: number): number {
    const steady = this.#steady.now();
    const aheadMs = this.#machine.now() - steady - this.#skew;
    if (aheadMs <= LEAP_MS) return steady + offset;
    if (this.#state === "trusted") {
      this.#state = "in doubt";
      this.#patience = "waits";
      this.#askAgainAt = Number.NEGATIVE_INFINITY;
    }
    return steady + aheadMs + offset;
  }

  /** One question for all who ask meanwhile. */
  #ask(): void {
    this.#isAsking = true;
    const sampled = this.#sample();
    if (this.#isInStep || this.#patience === "lost") return;
    const waiting = this.#wait(sampled).then(() => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    });
    this.#waiting = waiting;
  }

  async #wait(sampled: Promise<void>): Promise<void> {
    const begunAt = this.#steady.now();
    await atMost(LONGEST_WAIT_MS, sampled, this.#steady);
    if (this.#steady.now() - begunAt > REFUSED_MS) this.#patience = "lost";
  }

  async #sample(): Promise<void> {
    const askedAt = this.#steady.now();
    try {
      const [seconds, microseconds] = (await this.#time()) as [number | string, number | string];
      const at = this.#steady.now();
      const time = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
      const [known, least, most] = [this.#offset, time - at, time - askedAt];
      const isConfirmed = this.#state === "trusted" && known !== undefined && known >= least && known <= most;
      if (!isConfirmed) this.#offset = least;
      this.#skew = this.#machine.now() - at;
      this.#state = "trusted";
      this.#carriedFrom = Number.NaN;
      this.#askAgainAt = at + (at - askedAt > QUICK_MS ? WIDE_SAMPLE_AGE_MS : SAMPLE_AGE_MS);
    } catch {
      // The call that needed the clock meets the same failure, and reports it.
      const isRefused = this.#steady.now() - askedAt < REFUSED_MS;
      this.#askAgainAt = isRefused ? askedAt : askedAt + RETRY_MS;
    } finally {
      this.#isAsking = false;
    }
  }
}
