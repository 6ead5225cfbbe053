import { type BusListener, CacheError } from "@granary/core";

/** What brings a bus its messages. */
export interface Ear {
  /** Whether it listens at this moment. */
  readonly isListening: boolean;
  close(): Promise<void>;
}

/** Not `queueMicrotask`: fake timers of a test may hold that back. */
const NOW = Promise.resolve();

/** One node's end of a bus: those who listen there, and one ear for all of them, open as long as there are any. */
export class BusEnd {
  readonly #listeners = new Set<{ readonly listener: BusListener }>();
  readonly #open: (told: BusListener) => Ear;
  #ear: Ear | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #state: "open" | "closed" = "open";

  /** `open` begins to listen, and tells what is heard from then on. */
  constructor(open: (told: BusListener) => Ear) {
    this.#open = open;
  }

  subscribe(listener: BusListener): () => void {
    if (this.#state === "closed") throw new CacheError("CLOSED", "This bus was closed and cannot be listened to.");
    const own = { listener };
    this.#listeners.add(own);
    if (this.#ear === undefined) this.#ear = this.#open(this.#toAll());
    else if (this.#ear.isListening) void NOW.then(() => this.#listeners.has(own) && listener.gap());
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#end();
    };
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#listeners.clear();
    this.#end();
    await this.#ended;
  }

  #end(): void {
    this.#ended = Promise.all([this.#ended, this.#ear?.close()]);
    this.#ear = undefined;
  }

  #toAll(): BusListener {
    const tell = (say: (listener: BusListener) => void): void => {
      for (const { listener } of this.#listeners) say(listener);
    };
    return {
      message: (message) => tell((listener) => listener.message(message)),
      gap: () => tell((listener) => listener.gap()),
      error: (error) => tell((listener) => listener.error(error)),
    };
  }
}
