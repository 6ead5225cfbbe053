import { type Awaitable, type BusListener, CacheError, safeListener } from "@granary/core";
import type { ErrorWatch } from "./client-errors.js";

/** What brings a bus its messages. */
export interface Ear {
  /** Whether it listens at this moment. */
  readonly isListening: boolean;
  close(): Awaitable<void>;
}

/** Not `queueMicrotask`: fake timers of a test may hold that back. */
const NOW = Promise.resolve();

/** One node's end of a bus: those who listen there, and one ear for all of them, open as long as there are any. */
export class BusEnd {
  readonly #listeners = new Set<BusListener>();
  readonly #open: (told: BusListener) => Ear;
  readonly #errors: ErrorWatch | undefined;
  #ear: Ear | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #state: "open" | "closed" = "open";

  /** `open` begins to listen, and tells what is heard from then on. `errors` are watched for as long. */
  constructor(open: (told: BusListener) => Ear, errors?: ErrorWatch) {
    this.#open = open;
    this.#errors = errors;
  }

  /** Whether whoever listens hears what is said at this moment. */
  get isListening(): boolean {
    return this.#ear?.isListening === true;
  }

  /** @throws CacheError `CLOSED` */
  assertOpen(): void {
    if (this.#state === "closed") throw new CacheError("CLOSED", "This bus was closed.");
  }

  /** @throws CacheError `CLOSED` */
  subscribe(listener: BusListener): () => Awaitable<void> {
    this.assertOpen();
    // An object of its own, so that one listener may listen twice.
    const own = safeListener(listener);
    this.#listeners.add(own);
    this.#errors?.begin();
    if (this.#ear === undefined) this.#ear = this.#open(this.#toAll());
    if (this.#ear.isListening) void NOW.then(() => this.#listeners.has(own) && own.gap());
    return () => {
      return this.#listeners.delete(own) && this.#listeners.size === 0 ? this.#end() : undefined;
    };
  }

  /** Those who listen are told so, since nothing that they hold is told to be out of date any more. */
  async close(): Promise<void> {
    this.#state = "closed";
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.error(new CacheError("CLOSED", "This bus was closed."));
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#errors?.end();
    const ear = this.#ear;
    this.#ear = undefined;
    this.#ended = Promise.all([this.#ended, ear?.close()]);
    await this.#ended;
  }

  #toAll(): BusListener {
    const tell = (say: (listener: BusListener) => void): void => {
      for (const listener of this.#listeners) say(listener);
    };
    return {
      message: (message) => tell((listener) => listener.message(message)),
      gap: () => tell((listener) => listener.gap()),
      error: (error) => tell((listener) => listener.error(error)),
    };
  }
}
