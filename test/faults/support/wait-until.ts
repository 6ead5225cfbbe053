import { setInterval } from "node:timers/promises";

/** Far longer than anything here takes, so that no slow machine fails. */
const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** What is waited for. */
export interface Wait<T> {
  look(): T | Promise<T>;
  holds(seen: T): boolean;
  /** Default: a minute. */
  readonly withinMs?: number;
}

/** Looks now and then until that holds which is waited for. Resolves to what it saw. @throws Error when it takes too long. */
export async function waitUntil<T>({ look, holds, withinMs = DEADLINE_MS }: Wait<T>): Promise<T> {
  const deadline = performance.now() + withinMs;
  let seen = await look();
  if (holds(seen)) return seen;
  // A process that looks all the time would take the processor from those that it looks at.
  for await (const _tick of setInterval(LOOK_EVERY_MS)) {
    seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) break;
  }
  throw new Error(`Still not so after ${withinMs} ms: ${JSON.stringify(seen)}`);
}
