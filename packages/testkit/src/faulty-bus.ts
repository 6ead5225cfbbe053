import {
  type Awaitable,
  type BusListener,
  type BusMessage,
  type CacheBus,
  CacheError,
  type Clock,
  checkClock,
  checkOptions,
  type OptionNames,
  safeListener,
  systemClock,
} from "@granary/core";
import { BUS_FAULTS, checkFault } from "./check-fault.js";
import { FaultBoard, type InjectedFault } from "./fault-board.js";
import type { DuplicateFault, FaultLife, RejectFault, TravelFault } from "./faults.js";
import { listenUntilStopped, makeCall, plantedError, tellMessage } from "./faulty-travel.js";

/** Which messages a fault strikes, and how many. */
export interface BusFaultScope extends FaultLife {
  /** Only those that this node publishes (`"out"`) or hears (`"in"`). Default: both. */
  readonly direction?: "out" | "in";
}

/**
 * A fault of a bus. `publish` waits for what hangs, is delayed or is reordered; what is dropped counts as published,
 * since a bus does not know who hears it. Only what is published can be rejected.
 */
export type BusFault = BusFaultScope & (TravelFault | RejectFault | DuplicateFault);

/** What goes wrong with a bus, held by the test. */
export interface BusFaults {
  /** Puts a fault in, beside those that are in: a message meets them in the order in which they were put in. */
  inject(fault: BusFault): InjectedFault;
  /** Takes all faults away. What waits because of them goes on at once. */
  mend(): void;
  /** Tells the node that messages may have been missed. Dropped ones are not told of otherwise. */
  gap(): void;
  /** Tells the node of trouble. */
  error(error?: unknown): void;
  /** Messages that wait now. */
  readonly waiting: number;
}

/** A bus with the faults that a test puts into it. */
export interface FaultyBus {
  /** Takes the place of the bus that was wrapped. */
  readonly bus: CacheBus;
  readonly faults: BusFaults;
}

/** What `faultyBus` takes beside the bus. */
export interface FaultyBusOptions {
  /** What delays go by. Default: the machine's. */
  readonly clock?: Clock;
}

const OPTIONS: OptionNames<FaultyBusOptions> = { clock: true };

/**
 * Wraps one node's end of a bus so that a test can make it go wrong, in both directions. Without a fault everything
 * passes at once. @throws CacheError `INVALID_OPTION`, as `inject` does at a fault that there is not.
 */
export function faultyBus(bus: CacheBus, options: FaultyBusOptions = {}): FaultyBus {
  if (typeof bus?.publish !== "function" || typeof bus.subscribe !== "function")
    throw new CacheError("INVALID_OPTION", "faultyBus() takes a CacheBus, such as one of localHub().");
  checkOptions(options, OPTIONS);
  const { clock = systemClock } = options;
  checkClock(clock);
  const board = new FaultBoard<BusFault>(clock);
  const heard = new Set<Hearing>();
  const faults: BusFaults = {
    inject: (fault) => board.inject(checkFault(fault, BUS_FAULTS)),
    mend: () => board.mend(),
    gap: () => {
      for (const { listener } of [...heard]) listener.gap();
    },
    error: (error = plantedError()) => {
      for (const { listener } of [...heard]) listener.error(error);
    },
    get waiting() {
      return board.waiting;
    },
  };
  return { bus: busBehind(board, bus, heard), faults };
}

type Board = FaultBoard<BusFault>;

/** A listener, and what ends its listening. */
interface Hearing {
  readonly listener: BusListener;
  stop(): void;
}

function busBehind(board: Board, bus: CacheBus, heard: Set<Hearing>): CacheBus {
  const close = bus.close?.bind(bus);
  return {
    name: bus.name,
    publish: (message) => publish(board, bus, message),
    subscribe: (given) => {
      const listener = safeListener(given);
      const hearing = { listener, stop: subscribe(board, bus, listener) };
      heard.add(hearing);
      return () => {
        heard.delete(hearing);
        hearing.stop();
      };
    },
    ...(close !== undefined && {
      close: () => {
        // What waits here is told no more, either.
        for (const { stop } of heard) stop();
        heard.clear();
        return close();
      },
    }),
  };
}

function publish(board: Board, bus: CacheBus, message: BusMessage): Awaitable<void> {
  const struck = board.strike(({ direction = "out" }) => direction === "out");
  const dropping = struck.filter(({ fault }) => fault.type === "drop");
  const isDropped = () => dropping.some(({ isInForce }) => isInForce);
  const others = struck.filter((by) => !dropping.includes(by));
  return makeCall(others, () => (isDropped() ? undefined : bus.publish(message)));
}

function subscribe(board: Board, bus: CacheBus, listener: BusListener): () => void {
  return listenUntilStopped((whileListening) =>
    bus.subscribe({
      message: (message) => {
        const struck = board.strike(({ direction = "in", type }) => direction === "in" && type !== "reject");
        tellMessage(struck, () => whileListening(() => listener.message(message)));
      },
      gap: () => listener.gap(),
      error: (error) => listener.error(error),
    }),
  );
}
