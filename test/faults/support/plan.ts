/** Whether everything runs as long and as hard as the contract says; else in a short form, as on every change. */
export const isFull = process.env["GRANARY_FULL"] !== undefined;

/** How long and how hard a run is. */
export interface Plan {
  /** Calls a second of each node. */
  readonly perSecond: number;
  readonly beforeMs: number;
  readonly faultMs: number;
  readonly afterMs: number;
}

export const plan: Plan = isFull
  ? { perSecond: 5_000, beforeMs: 5_000, faultMs: 10_000, afterMs: 5_000 }
  : { perSecond: 300, beforeMs: 500, faultMs: 1_500, afterMs: 500 };

/** A message reaches the other nodes within this (D of the contract). */
export const MESSAGE_MS = 50;
/** A dead connection is noticed within this (H of the contract). */
export const NOTICE_MS = 2_000;
/**
 * What a busy machine may add before a test fails. The figures themselves are in the report, beside their bounds: no
 * test depends on the speed of the machine that it runs on.
 */
export const LENIENCE_MS = 1_500;
