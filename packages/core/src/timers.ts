import { isolatesRequests } from "./runtime.js";

/** The longest delay a runtime's timer takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

// Node loads its signals when they are first named, and with them keeps the timers of that moment: those of no test.
void globalThis.AbortSignal;

const pending = new Set<Timer>();

/** What the global timers were when they were last looked at, and how often they have become others. */
let timeout: unknown;
let dateNow: unknown;
let regime = 0;

/** So often, by real time, it is looked whether fake timers were taken out. */
const WATCHED_MS = 50;
let isWatching = false;
/** Whether the global timers are others than the machine's, in whose text the function has its name. */
let isFaked = false;

/**
 * Runs `task` once, `ms` milliseconds from now, by whatever the global timers are at this moment. Returns a function
 * that cancels it.
 */
export function after(ms: number, task: () => void): () => void {
  keepArmed();
  const timer = new Timer(ms, task);
  return () => timer.cancel();
}

/** As `after`, and the process need not wait for it. */
export function behind(ms: number, task: () => void): () => void {
  keepArmed();
  const timer = new Timer(ms, task, "behind");
  return () => timer.cancel();
}

/**
 * To be called wherever time is read. Where a test has put fake timers in, or taken them out, what waits for a timer that
 * is gone would wait for ever: each waits, for as long as it was to wait from the start, for one of the new ones as well.
 * One that was armed by the machine still runs, and whichever is due first counts.
 */
export function keepArmed(): void {
  // Some fake timers are the same functions each time they are put in. Their dates are not.
  if (setTimeout === timeout && Date.now === dateNow) return;
  timeout = setTimeout;
  dateNow = Date.now;
  isFaked = !String(setTimeout).startsWith("function setTimeout(");
  regime += 1;
  for (const timer of pending) timer.arm();
}

/**
 * Where a test takes its fake timers out and then only waits for what began under them, nobody reads the time. So as long
 * as something waits for timers that are not the machine's, a signal looks again: it goes by real time, no library fakes
 * it, and it keeps no process. The machine's timers are never watched.
 */
function watch(): void {
  if (isWatching || !isFaked || pending.size === 0) return;
  isWatching = true;
  // Not every runtime has it.
  globalThis.AbortSignal?.timeout?.(WATCHED_MS).addEventListener("abort", () => {
    isWatching = false;
    keepArmed();
    watch();
  });
}

class Timer {
  readonly #task: () => void;
  #leftMs: number;
  #armed: unknown;
  #regime = regime;
  #isPending = false;
  /** Armed under earlier regimes: gone, or still running. */
  #earlier: unknown[] = [];

  readonly #kind: "awaited" | "behind";

  constructor(ms: number, task: () => void, kind: "awaited" | "behind" = "awaited") {
    this.#task = task;
    this.#kind = kind;
    this.#leftMs = ms;
    this.#begin();
  }

  arm(): void {
    if (this.#regime !== regime) this.#earlier.push(this.#armed);
    this.#regime = regime;
    this.#armed = setTimeout(() => this.#isDue(), Math.min(this.#leftMs, LONGEST_TIMER_MS));
    if (this.#kind === "behind") unref(this.#armed);
  }

  cancel(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    pending.delete(this);
    keepArmed();
    if (this.#regime === regime) clearTimeout(this.#armed as number);
    else this.#earlier.push(this.#armed);
    // Timers of one kind cannot clear those of another. It is enough that they come to nothing, and keep no process.
    for (const timer of this.#earlier) unref(timer);
    this.#earlier = [];
  }

  #isDue(): void {
    if (!this.#isPending) return;
    this.cancel();
    this.#leftMs -= LONGEST_TIMER_MS;
    if (this.#leftMs <= 0) this.#task();
    else this.#begin();
  }

  #begin(): void {
    this.#isPending = true;
    // What a request has armed ends with it, without a word: this would keep it for ever.
    if (!isolatesRequests) pending.add(this);
    this.arm();
    watch();
  }
}

/** Not every runtime, and not every fake, has it. */
function unref(timer: unknown): void {
  (timer as { unref?(): void }).unref?.();
}
