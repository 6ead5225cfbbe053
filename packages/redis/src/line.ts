import { CacheError, type Clock, isError, runBehind } from "@granary/core";
import { afterReading } from "./after-reading.js";
import { atMost } from "./at-most.js";
import { Heartbeat } from "./heartbeat.js";
import type { RedisConnection } from "./redis-client.js";

/** What a line needs, and what it tells. */
export interface LineParts {
  readonly clock: Clock;
  /** A connection that is not open yet; `undefined` where nobody knows where to connect to. */
  open(): RedisConnection | undefined;
  /** Makes a connection listen. */
  begin(connection: RedisConnection): Promise<unknown>;
  /** Asks the server something that shows it is there. Default: `PING`. */
  ask?(connection: RedisConnection): Promise<unknown>;
  /** The line listens from now on. What was said before is lost. */
  begun(): void;
  /** What `ask` was answered. */
  answered?(answer: unknown): void;
  /** Told once of each kind in an outage, however often it is tried again. */
  failed(error: unknown): void;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

/** How long it may take to connect and begin: at first, and at most, after failures. A frozen server accepts and is silent. */
const FIRST_PATIENCE_MS = 2_000;
const LONGEST_PATIENCE_MS = 8_000;

/** A connection that is stuck where it cannot be ended, such as between sentinels, ends by itself a little later. */
const LONGEST_CLOSE_MS = 500;

/** A connection that listens, opened anew for ever and whatever happens, until closed. */
export class Line {
  readonly #parts: LineParts;
  readonly #ending = new Set<Promise<void>>();
  readonly #told = new Set<string>();
  #connection: RedisConnection | undefined;
  #heartbeat: Heartbeat | undefined;
  #cancel = (): void => {};
  #failures = 0;
  #aliveAt: number;
  #state: "off" | "listening" | "closed" = "off";

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#aliveAt = parts.clock.now();
    this.#connect();
  }

  /** Whether it listens at this moment, as far as is known. */
  get isListening(): boolean {
    return this.#state === "listening";
  }

  /** Up to this instant of its clock nothing that was said has been missed. At first: when it was made. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  /** To be called with everything that is heard. Whether it counts: not what a connection says that was given up. */
  hears(connection: RedisConnection): boolean {
    this.#heartbeat?.heard();
    return this.#connection === connection;
  }

  /** Resolves once its connections are gone, at the latest after half a second. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#leave();
    await atMost(LONGEST_CLOSE_MS, Promise.all(this.#ending), this.#parts.clock);
  }

  #connect(): void {
    const { clock, open, begin } = this.#parts;
    const connection = open();
    if (connection === undefined) return this.#retry();
    this.#connection = connection;
    this.#awaitEnd(connection);
    // Whoever forgets to close a bus is not kept from ending.
    connection.on("connect", () => connection.stream?.unref?.());
    connection.on("error", (error) => this.#failed(connection, error));
    const patienceMs = Math.min(LONGEST_PATIENCE_MS, FIRST_PATIENCE_MS * 2 ** this.#failures);
    this.#cancel = afterReading(clock, patienceMs, () => this.#drop(connection, silent()));
    begin(connection).then(
      () => this.#begun(connection),
      (error: unknown) => this.#drop(connection, error),
    );
  }

  #awaitEnd(connection: RedisConnection): void {
    const ended = new Promise<void>((resolve) => {
      connection.on("end", () => {
        this.#lost(connection);
        this.#ending.delete(ended);
        resolve();
      });
    });
    this.#ending.add(ended);
  }

  #begun(connection: RedisConnection): void {
    if (this.#connection !== connection) return;
    const { clock, ask, answered, begun } = this.#parts;
    this.#cancel();
    this.#state = "listening";
    this.#aliveAt = clock.now();
    this.#heartbeat = new Heartbeat({
      clock,
      ask: () => ask?.(connection) ?? ping(connection),
      answered: (askedAt, answer) => {
        this.#answered(askedAt);
        answered?.(answer);
      },
      dead: () => this.#drop(connection, silent()),
    });
    begun();
  }

  /** A connection counts as good once it has lasted until an answer: one that begins and is cut in turns is not hurried. */
  #answered(askedAt: number): void {
    this.#aliveAt = askedAt;
    this.#failures = 0;
    this.#told.clear();
  }

  #lost(connection: RedisConnection): void {
    if (this.#connection !== connection) return;
    this.#leave();
    this.#retry();
  }

  /** Gives up a connection that has not ended by itself. One that has is being replaced already. */
  #drop(connection: RedisConnection, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#failed(connection, error);
    this.#lost(connection);
  }

  #leave(): void {
    this.#cancel();
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.disconnect();
  }

  #retry(): void {
    const { clock } = this.#parts;
    this.#state = "off";
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancel = runBehind(clock, delayMs, () => this.#connect());
  }

  #failed(connection: RedisConnection, error: unknown): void {
    if (this.#connection !== connection || this.#told.has(String(error))) return;
    this.#told.add(String(error));
    this.#parts.failed(error);
  }
}

/** A server that refuses to be pinged is there. */
function ping(connection: RedisConnection): Promise<unknown> {
  return connection.ping().catch((error: unknown) => {
    if (!isError(error) || error.name !== "ReplyError") throw error;
  });
}

function silent(): CacheError {
  return new CacheError("STORE_FAILED", "The server does not answer. Another connection is opened.");
}
