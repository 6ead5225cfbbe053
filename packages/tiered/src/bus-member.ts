import {
  type Awaitable,
  type BusListener,
  type BusMessage,
  type CacheBus,
  isCacheError,
  processWide,
} from "@granary/core";
import { DEAF, type NearTier } from "./near-tier.js";

export interface BusMemberParts {
  readonly near: NearTier;
  /** Another node said this, or messages may be missing. */
  hear(message: BusMessage): void;
  fail(operation: string, error: unknown): void;
}

/** Those who listen to one bus object: to the bus they are one node, which hears nothing of what it says itself. */
const members = processWide("bus members", () => new WeakMap<CacheBus, Set<BusListener>>());

/** One pair of tiers on a bus, which others in this process may share. */
export class BusMember {
  readonly #bus: CacheBus;
  readonly #listener: BusListener;
  /** One each time that it joined: it may join anew before it has left. */
  readonly #own = new Set<BusListener>();

  constructor(bus: CacheBus, { near, hear, fail }: BusMemberParts) {
    this.#bus = bus;
    this.#listener = {
      message: hear,
      gap: () => hear({ type: "gap" }),
      error: (error) => {
        // A bus that was closed says nothing any more.
        if (isCacheError(error, "CLOSED")) near.epoch = DEAF;
        fail("bus", error);
      },
    };
  }

  /** Listens, until what it returns is called. */
  join(): () => Awaitable<void> {
    const listener = { ...this.#listener };
    const stop = this.#bus.subscribe(listener);
    const joined = members.get(this.#bus) ?? new Set();
    members.set(this.#bus, joined.add(listener));
    this.#own.add(listener);
    return () => {
      joined.delete(listener);
      this.#own.delete(listener);
      return stop();
    };
  }

  /** Tells every other node, and the others on this bus object. */
  publish(message: BusMessage): Awaitable<void> {
    for (const listener of [...(members.get(this.#bus) ?? [])]) if (!this.#own.has(listener)) listener.message(message);
    return this.#bus.publish(message);
  }
}
