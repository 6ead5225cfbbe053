import type { FaultFleet, Span } from "./fault-fleet.js";
import type { Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";

/** Something that Redis, or the way to it, does to the nodes. */
export interface Fault {
  readonly name: string;
  /** What of the contract it is about. */
  readonly lines: string;
  readonly begin: (fleet: FaultFleet) => Promise<unknown>;
  /** What happens when half of its time is over. */
  readonly midway?: (fleet: FaultFleet) => Promise<unknown>;
  readonly end: (fleet: FaultFleet) => Promise<unknown>;
  /** When it was there, where that is not all the time. */
  readonly marks?: () => readonly Span[];
  /** What Redis says about it, just before it ends. */
  readonly evidence?: (fleet: FaultFleet) => Promise<string>;
  /** Whether the nodes have noticed: a checker that saw nothing proves nothing. */
  readonly noticed: (outcome: Outcome) => boolean;
  /** What about the run differs from the others. */
  readonly plan?: Partial<Plan>;
  /**
   * From when on a change binds the other nodes: from when it has resolved, or, where the node that makes it may be cut
   * off alone, or Redis takes no change and is read all the same, from when Redis has it.
   */
  readonly binds?: "takenAt";
  /**
   * What a node says goes out late, though Redis has the change: nobody could hold the others to it. It is published on
   * the connection of the data.
   */
  readonly isMute?: true;
}
