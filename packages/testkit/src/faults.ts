/** How long a fault lasts, unless it is mended before. */
export interface FaultLife {
  /** It strikes so often and no more. Default: until it is mended. */
  readonly times?: number;
}

/** What may happen to whatever travels: a request, an answer, a message. */
export type TravelFault =
  /** It waits until the fault is mended, and then goes on in its turn. */
  | { readonly type: "hang" }
  /** It takes `ms` milliseconds longer, by the clock. */
  | { readonly type: "delay"; readonly ms: number }
  /** It is lost on the way, and nobody is told. */
  | { readonly type: "drop" }
  /** What comes in one turn of the event loop goes on at its end, in another order that `seed` (default 1) gives. */
  | { readonly type: "reorder"; readonly seed?: number };

/** Where a fault meets a call. */
export interface FaultPlace {
  /**
   * `"request"`: on the way to the work, which is not done where the call is rejected or dropped. `"answer"`: on the
   * way back; it is done, and the caller does not learn of it in time, or at all. Default: `"request"`. What a store
   * tells of its own accord has no answer.
   */
  readonly at?: "request" | "answer";
}

/** The call rejects with `error`. */
export interface RejectFault extends FaultPlace {
  readonly type: "reject";
  readonly error?: unknown;
}

/** It happens once more: at once, or `ms` milliseconds later by the clock. A caller hears of the first time. */
export interface DuplicateFault {
  readonly type: "duplicate";
  readonly ms?: number;
}

/** A fault of any kind, for what handles them all. */
export interface AnyFault extends FaultLife, FaultPlace {
  readonly type: string;
  readonly ms?: number;
  readonly seed?: number;
  readonly error?: unknown;
}
