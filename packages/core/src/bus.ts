import type { Awaitable } from "./entry.js";
import type { Generation } from "./generations.js";
import type { Invalidation } from "./store.js";

/** What one node tells the others. */
export type BusMessage =
  | { readonly type: "changed"; readonly keys: readonly string[] }
  | ({ readonly type: "invalidated" } & Invalidation & Generation)
  /** The sender could not tell all that it changed: what the others hold is to be confirmed. */
  | { readonly type: "gap" };

/**
 * What a bus tells its node. What one of these throws, or rejects with, may neither end the bus nor keep others from
 * hearing: a bus calls `safeListener(listener)` in its place, which tells it to `error`.
 */
export interface BusListener {
  /** Another node said this. Messages may come twice and in any order. */
  message(message: BusMessage): void;
  /**
   * Messages may have been missed: sent when a subscription begins, also for the first time, or begins anew. A bus that
   * can lose its connection also says so about every two seconds for as long as it does not listen.
   */
  gap(): void;
  /** The bus is in trouble, or was sent something that it cannot read. It goes on by itself. */
  error(error: unknown): void;
}

/**
 * How one process tells the others that a key changed. One bus is one node's end of it:
 * what a node publishes comes to every other node, and never back to itself. Tiers that share one bus object are one node
 * to it, and tell each other themselves.
 */
export interface CacheBus {
  readonly name: string;
  /** Resolves once the message is handed on, and rejects where it could not be. */
  publish(message: BusMessage): Awaitable<void>;
  /**
   * Begins to listen, without waiting for a connection. Returns a function that stops it; behind the last who listened it
   * resolves once what the bus had opened is gone. Then the bus may be listened to again.
   */
  subscribe(listener: BusListener): () => Awaitable<void>;
  /**
   * Called by whoever made the bus, never by a cache. Ends connections that the bus itself opened. A client that was given
   * to it stays open. From then on `publish` and `subscribe` fail with `CLOSED`.
   */
  close?(): Awaitable<void>;
}
