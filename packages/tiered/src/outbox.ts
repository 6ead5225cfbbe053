import { type Awaitable, type BusMessage, type Clock, isCacheError, runBehind } from "@granary/core";

export interface OutboxParts {
  /** Tells every other node; `undefined` where there is no bus. */
  readonly publish: ((message: BusMessage) => Awaitable<void>) | undefined;
  readonly clock: Clock;
  fail(operation: string, error: unknown): void;
}

/** Keys of one message. */
const MOST_KEYS = 1_000;
/** Messages that have not been handed on yet. Beyond these they are gathered. */
const MOST_PENDING = 1_000;
/** Beyond this much the other nodes are told to trust nothing. */
const MOST_UNSAID = 10_000;
const RETRY_MS = 500;

/** Not `queueMicrotask`: fake timers of a test may hold that back. */
const NOW = Promise.resolve();

/** What this node tells the others. Nobody waits for it, and what could not be said is said again until it is. */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #unsaidKeys = new Set<string>();
  #unsaidOthers: BusMessage[] = [];
  #changed: string[] = [];
  #pending = 0;
  #cancelRetry: (() => void) | undefined;
  /** What was told of the outage that lasts. */
  readonly #told = new Set<string>();
  #state: "open" | "resting" = "resting";

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** That `keys` were changed. Those that are said together, as when Redis has answered many writes, are one message. */
  sayChanged(keys: readonly string[]): void {
    if (this.#parts.publish === undefined || keys.length === 0) return;
    if (this.#changed.length === 0) void NOW.then(() => this.#sayGathered());
    for (const key of keys) this.#changed.push(key);
  }

  say(message: BusMessage): void {
    if (this.#parts.publish === undefined) return;
    if (this.#pending < MOST_PENDING) void this.#publish(message);
    else this.#keep(message);
  }

  /** Somebody uses the tiers, once more perhaps: what was not said is said again. */
  begin(): void {
    this.#state = "open";
    this.#retry();
  }

  /** Nobody uses the tiers any more. No timer is left. */
  rest(): void {
    this.#state = "resting";
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #sayGathered(): void {
    const keys = [...new Set(this.#changed)];
    this.#changed = [];
    for (let at = 0; at < keys.length; at += MOST_KEYS)
      this.say({ type: "changed", keys: keys.slice(at, at + MOST_KEYS) });
  }

  async #publish(message: BusMessage): Promise<void> {
    this.#pending += 1;
    try {
      await this.#parts.publish?.(message);
    } catch (error) {
      // A bus that was closed takes nothing any more.
      if (!isCacheError(error, "CLOSED")) this.#keep(message);
      this.#tell(error);
      return;
    } finally {
      this.#pending -= 1;
    }
    this.#told.clear();
    // What was gathered while too many were on their way need not wait for the timer.
    if (this.#cancelRetry !== undefined) this.#retry();
  }

  /** Each kind once in an outage: it is said again twice a second. */
  #tell(error: unknown): void {
    if (this.#told.has(String(error))) return;
    this.#told.add(String(error));
    this.#parts.fail("publish", error);
  }

  #keep(message: BusMessage): void {
    if (message.type === "changed") for (const key of message.keys) this.#unsaidKeys.add(key);
    else this.#unsaidOthers.push(message);
    if (this.#unsaidKeys.size + this.#unsaidOthers.length > MOST_UNSAID) {
      this.#unsaidKeys.clear();
      this.#unsaidOthers = [{ type: "gap" }];
    }
    if (this.#state === "open") this.#cancelRetry ??= runBehind(this.#parts.clock, RETRY_MS, () => this.#retry());
  }

  /** Says it all again, as a few messages. */
  #retry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const messages = [...this.#unsaidOthers];
    if (this.#unsaidKeys.size > 0) messages.push({ type: "changed", keys: [...this.#unsaidKeys] });
    this.#unsaidKeys.clear();
    this.#unsaidOthers = [];
    for (const message of messages) this.say(message);
  }
}
