import type { BusListener, BusMessage, CacheBus } from "@granary/core";
import type { Line } from "./line.js";
import type { FirstProcess } from "./protocol.js";

/** A bus through the first process, which passes on to the others what one of them says. */
export class IpcBus implements CacheBus {
  readonly name = "embedded";
  readonly #line: Line<FirstProcess>;
  readonly #listeners = new Set<BusListener>();

  constructor(line: Line<FirstProcess>) {
    this.#line = line;
  }

  publish(message: BusMessage): Promise<void> {
    return this.#line.call("publish", message);
  }

  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener);
    // Whatever was said before is lost on this listener.
    queueMicrotask(() => listener.gap());
    return () => this.#listeners.delete(listener);
  }

  /** Called with what the first process passes on. */
  hear(message: BusMessage): void {
    for (const listener of this.#listeners) listener.message(message);
  }
}
