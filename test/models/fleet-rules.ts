import { RULES, type Rules } from "./generations.js";

/** What may happen beside reads and loads. */
export type Action =
  | "clear"
  | "clear root"
  | "tag"
  | "delete"
  | "set"
  | "set in two steps"
  | "evict"
  | "flush"
  | "failover"
  | "failover and gap"
  | "clock set back"
  | "lose messages"
  | "cut off A"
  | "A changes"
  | "writer cut off"
  | "B";

/** Rules beside those of `generations.ts`, each of which a model can leave out to show what it is for. */
export interface FleetRules extends Rules {
  /** A load carries the generations that stood before it began, not those at its fill. */
  readonly loadsCarryTheirBeginning: boolean;
  /** A load is written only while its lease stands, which every set and delete removes. */
  readonly fence: boolean;
  /** A record that is made anew has an epoch of its own. */
  readonly newEpochs: boolean;
  /** What began at an older ticket is not kept near. */
  readonly tickets: boolean;
  /** An invalidation raises the ticket as a change of the key does. */
  readonly invalidationsRaiseTickets: boolean;
  /** A message of another epoch makes what is known unknown. */
  readonly otherEpochsHeard: boolean;
  /** A far store whose sequence is behind what is known has lost invalidations: whoever notices makes them again. */
  readonly lossesNoticed: boolean;
  /** A lost message is told as a gap. */
  readonly gaps: boolean;
  /** After a failover the last deletions and invalidations are told again. */
  readonly toldAgain: boolean;
  /** Sets among them, as deletions. */
  readonly setsToldAgain: boolean;
  /** Until then what it holds of the key counts as absent. */
  readonly hiddenUntilRepair: boolean;
  /** What was loaded while the far store was away is deleted there too. */
  readonly loadsAloneRepaired: boolean;
  /** A copy that the far store does not have is trusted only while that is away. */
  readonly copiesAloneConfirmed: boolean;
  /** The far store is repaired by a deletion, not by the value that it has missed. */
  readonly repairDeletes: boolean;
}

export const FLEET_RULES: FleetRules = {
  ...RULES,
  loadsCarryTheirBeginning: true,
  fence: true,
  newEpochs: true,
  tickets: true,
  invalidationsRaiseTickets: true,
  otherEpochsHeard: true,
  lossesNoticed: true,
  gaps: true,
  toldAgain: true,
  setsToldAgain: true,
  hiddenUntilRepair: true,
  loadsAloneRepaired: true,
  copiesAloneConfirmed: true,
  repairDeletes: true,
};
