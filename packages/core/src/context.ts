import type { Clock } from "./clock.js";
import type { Counters } from "./counters.js";
import type { Emitter } from "./emitter.js";
import type { CacheEntry } from "./entry.js";
import type { Flights } from "./flights.js";
import type { Id, Keys } from "./key.js";
import type { ResolvedPolicy } from "./policy.js";
import type { SafeStore } from "./safe-store.js";
import type { ValueCheck } from "./value-check.js";

/** Everything that the operations of one cache work with. */
export interface CacheContext {
  readonly store: SafeStore;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly policy: ResolvedPolicy;
  readonly flights: Flights;
  readonly emitter: Emitter;
  readonly counters: Counters;
  /** Validates what is about to be stored. */
  readonly check: ValueCheck | undefined;
  isClosed(): boolean;
  /** The texts of the functions that are wrapped in this namespace, by their ids. */
  readonly wrapped: Map<string, string>;
  /** Counts a failure and tells of it. */
  report(operation: string, error: unknown, key?: string): void;
}

/** One call, with everything about it resolved. */
export interface Call {
  readonly id: Id;
  readonly key: string;
  readonly policy: ResolvedPolicy;
  readonly signal: AbortSignal | undefined;
  /** The key is that of the id, without params. */
  readonly isPlain: boolean;
}

/** Whether `entry` may be given as fresh. */
export function isFresh(entry: Pick<CacheEntry, "freshUntil">, now: number): boolean {
  return entry.freshUntil > now;
}
