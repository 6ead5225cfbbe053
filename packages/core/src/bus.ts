import type { Awaitable } from "./entry.js";

/** What one node tells the others. */
export type BusMessage =
  | { readonly type: "changed"; readonly keys: readonly string[] }
  | { readonly type: "marked"; readonly scope: string; readonly tags?: readonly string[]; readonly at: number }
  /** The sender could not tell all that it changed: what the others hold is to be confirmed. */
  | { readonly type: "gap" };

/** What a bus tells its node. None of these may throw. */
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
 * what a node publishes comes to every other node, and never back to itself.
 */
export interface CacheBus {
  readonly name: string;
  /** Resolves once the message is handed on, and rejects where it could not be. */
  publish(message: BusMessage): Awaitable<void>;
  /** Begins to listen, without waiting for a connection. Returns a function that stops it. */
  subscribe(listener: BusListener): () => void;
  /** Ends connections that the bus itself opened. A client that was given to it stays open. */
  close?(): Awaitable<void>;
}
