import { checkKnown, checkOptions, type OptionNames } from "@granary/core";
import type { BusFault } from "./faulty-bus.js";
import { KINDS, type StoreFault, VICTIMS } from "./store-faults.js";

/** The names of all members that a fault of any type has. */
type MembersOf<Fault> = Fault extends unknown ? keyof Fault : never;
type AllMembers<Fault> = { readonly [Name in MembersOf<Fault>]: unknown };

interface FaultForm<Fault> {
  readonly types: readonly string[];
  readonly members: OptionNames<AllMembers<Fault>>;
}

const SHARED = { type: true, times: true, ms: true, seed: true, at: true, error: true } as const;

/** What a fault of a store looks like. */
export const STORE_FAULTS: FaultForm<StoreFault> = {
  types: Object.keys(VICTIMS),
  members: { ...SHARED, verbs: true, keys: true, with: true },
};

/** What a fault of a bus looks like. */
export const BUS_FAULTS: FaultForm<BusFault> = {
  types: ["hang", "delay", "drop", "reorder", "reject", "duplicate"],
  members: { ...SHARED, direction: true },
};

const VERBS = [...Object.keys(KINDS), "many", "leases"];

/**
 * The fault, unless it would strike nothing since a name in it is misspelt.
 * @throws CacheError `INVALID_OPTION`
 */
export function checkFault<Fault extends StoreFault | BusFault>(
  fault: Fault,
  { types, members }: FaultForm<Fault>,
): Fault {
  checkOptions<AllMembers<Fault>>(fault as AllMembers<Fault>, members);
  checkKnown("fault", fault.type, types);
  const { verbs = [] } = fault as { readonly verbs?: readonly string[] };
  for (const verb of verbs) checkKnown("verb", verb, VERBS);
  return fault;
}
