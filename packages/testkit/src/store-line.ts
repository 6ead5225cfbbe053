import type { Awaitable, CacheEntry } from "@granary/core";
import { type Corrupt, corruptEntry } from "./corrupt-entries.js";
import type { FaultBoard, Striking } from "./fault-board.js";
import { makeCall, tellMessage } from "./faulty-travel.js";
import { hasKeyOf, isStruckBy, type StoreDeed, type StoreFault } from "./store-faults.js";

/** A call of a store. */
export interface StoreCall<T> extends StoreDeed {
  /** Makes the call. Entries that it reads go through `corrupt`, where that is given. */
  act(corrupt: Corrupt | undefined): Awaitable<T>;
  /** What says that a write is done when it is not. Reads have none. */
  acknowledge?(): T;
}

/** What lies between a store and its user, and has the faults. */
export class StoreLine {
  readonly #board: FaultBoard<StoreFault>;
  #calls = 0;

  constructor(board: FaultBoard<StoreFault>) {
    this.#board = board;
  }

  get calls(): number {
    return this.#calls;
  }

  call<T>(call: StoreCall<T>): Awaitable<T> {
    this.#calls += 1;
    const struck = this.#board.strike((fault) => isStruckBy(fault, call));
    return struck.length === 0 ? call.act(undefined) : makeCall(struck, () => act(call, struck));
  }

  /** Tells the store's user something of the store's own accord. */
  tell(deed: StoreDeed, tell: () => void): void {
    const struck = this.#board.strike((fault) => isStruckBy(fault, deed));
    tellMessage(struck, tell);
  }
}

type Struck = ReadonlyArray<Striking<StoreFault>>;

function act<T>({ act, acknowledge }: StoreCall<T>, struck: Struck): Awaitable<T> {
  // Looked up only now, as all may have been mended while the call waited.
  const inForce = struck.filter(({ isInForce }) => isInForce);
  const isForgotten = inForce.some(({ fault }) => fault.type === "forget");
  if (isForgotten && acknowledge !== undefined) return acknowledge();
  return act(inForce.some(({ fault }) => fault.type === "corrupt") ? corruptBy(inForce) : undefined);
}

/** Of several faults the first one that is about the key. */
function corruptBy(struck: Struck): Corrupt {
  return (key, entry) => {
    for (const { fault, random } of struck) {
      if (fault.type === "corrupt" && hasKeyOf(fault, [key])) {
        const { with: shape = () => corruptEntry(entry, random) } = fault;
        return shape(entry, key) as CacheEntry;
      }
    }
    return entry;
  };
}
