import {
  CacheError,
  type CacheStore,
  type Clock,
  checkClock,
  checkOptions,
  isStore,
  type OptionNames,
  systemClock,
} from "@granary/core";
import { checkFault, STORE_FAULTS } from "./check-fault.js";
import { FaultBoard, type InjectedFault } from "./fault-board.js";
import { leasesBehind } from "./faulty-leases.js";
import { manyBehind, restBehind, verbsBehind } from "./faulty-verbs.js";
import type { StoreFault } from "./store-faults.js";
import { StoreLine } from "./store-line.js";

/** What goes wrong with a store, held by the test. */
export interface StoreFaults {
  /** Puts a fault in, beside those that are in: a call meets them in the order in which they were put in. */
  inject(fault: StoreFault): InjectedFault;
  /** Takes all faults away. What waits because of them goes on at once. */
  mend(): void;
  /** Calls made so far, the failed ones too. A call for many keys is one. */
  readonly calls: number;
  /** Calls and messages that wait now. */
  readonly waiting: number;
}

/** A store with the faults that a test puts into it. */
export interface FaultyStore {
  /** Takes the place of the store that was wrapped. */
  readonly store: CacheStore;
  readonly faults: StoreFaults;
}

/** What `faultyStore` takes beside the store. */
export interface FaultyStoreOptions {
  /** What delays go by. Default: the store's clock, or else the machine's. */
  readonly clock?: Clock;
}

const OPTIONS: OptionNames<FaultyStoreOptions> = { clock: true };

/**
 * Wraps a store so that a test can make whatever it does go wrong: every verb, every capability, and what it tells
 * of its own accord. Without a fault everything passes at once.
 * @throws CacheError `INVALID_OPTION`, as `inject` does at a fault that there is not.
 */
export function faultyStore(store: CacheStore, options: FaultyStoreOptions = {}): FaultyStore {
  if (!isStore(store))
    throw new CacheError("INVALID_OPTION", "faultyStore() takes a CacheStore, such as memoryStore().");
  checkOptions(options, OPTIONS);
  checkClock(options.clock);
  const board = new FaultBoard<StoreFault>(options.clock ?? store.clock ?? systemClock);
  const line = new StoreLine(board);
  const faults: StoreFaults = {
    inject: (fault) => board.inject(checkFault(fault, STORE_FAULTS)),
    mend: () => board.mend(),
    get calls() {
      return line.calls;
    },
    get waiting() {
      return board.waiting;
    },
  };
  return { store: storeBehind(line, store), faults };
}

function storeBehind(line: StoreLine, store: CacheStore): CacheStore {
  const { tier, clock, admits, many, leases } = store;
  return {
    name: store.name,
    ...(tier !== undefined && { tier }),
    ...(clock !== undefined && { clock }),
    ...(admits !== undefined && { admits }),
    ...verbsBehind(line, store),
    ...(many !== undefined && { many: manyBehind(line, store, many) }),
    ...(leases !== undefined && { leases: leasesBehind(line, store, leases) }),
    ...restBehind(line, store),
  };
}
