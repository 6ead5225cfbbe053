import { CacheError } from "./errors.js";
import type { Flight } from "./flight.js";
import { processWide } from "./process-wide.js";
import { isolatesRequests } from "./runtime.js";

/** Knows which load the code that runs now belongs to. */
interface CallChain {
  /** The load that called us, directly or through others. */
  current(): Flight | undefined;
  /** Calls a loader for `flight`. */
  run<T>(flight: Flight, loader: () => T): T;
  /** As `run`, in half its time, where the loader is the last thing that the running job does. */
  end<Arg, T>(flight: Flight, loader: (arg: Arg) => T, arg: Arg): T;
}

interface AsyncStorage {
  getStore(): Flight | undefined;
  run<T>(flight: Flight, task: () => T): T;
  enterWith(flight: Flight): void;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage;
}

/** Before this version of Node, to follow a call through its awaits makes every promise of the process slower by half. */
const FIRST_NODE_WITH_CHEAP_CONTEXT = 24;

/** The loads of this process, wherever they were started, and by whatever copy of this package. */
export const callChain: CallChain = processWide("call chain", () => asyncChain() ?? synchronousChain());

/**
 * A caller that belongs to a load is about to wait for another one: `RECURSIVE_LOAD` where that one waits for the
 * caller's own, so that neither would ever end.
 */
export function recursionOf(caller: Flight, key: string, flights: Airspace): CacheError | undefined {
  const joined = flights.of(key);
  // The same key of another store is another load: a cache in front of another one may use the same names.
  for (let flight: Flight | undefined = caller; flight !== undefined; flight = flight.awaitedBy)
    if (flight.key === key && flight.owner === flights && !flight.landed) return recursive(key);
  return joined !== undefined && isWaitingFor(joined, caller) ? recursive(key) : undefined;
}

/** The flights of one store. */
interface Airspace {
  of(key: string): Flight | undefined;
}

function isWaitingFor(flight: Flight, other: Flight): boolean {
  return flight === other || [...flight.waitsFor].some((next) => isWaitingFor(next, other));
}

/** Follows a call through every await, where the runtime does so at no cost. */
function asyncChain(): CallChain | undefined {
  const { process } = globalThis as {
    process?: { versions?: { node?: string }; getBuiltinModule?(id: string): unknown };
  };
  const major = Number.parseInt(process?.versions?.node ?? "0", 10);
  // Such a runtime may call itself a Node, and cannot enter a context.
  if (major < FIRST_NODE_WITH_CHEAP_CONTEXT || isolatesRequests) return undefined;
  const hooks = process?.getBuiltinModule?.("node:async_hooks") as AsyncHooks | undefined;
  if (hooks === undefined) return undefined;
  const storage = new hooks.AsyncLocalStorage();
  const current = (): Flight | undefined => {
    const flight = storage.getStore();
    return flight === undefined || flight.landed || flight.hasLoaded ? undefined : flight;
  };
  return {
    current,
    run: (flight, loader) => storage.run(flight, loader),
    // Each job brings its own context: there is no need to leave this one.
    end: (flight, loader, arg) => {
      storage.enterWith(flight);
      return loader(arg);
    },
  };
}

/** Follows a call up to its first await. A recursion behind that ends with the hard timeout. */
function synchronousChain(): CallChain {
  let running: Flight | undefined;
  const run = <T>(flight: Flight, loader: () => T): T => {
    const outer = running;
    running = flight;
    try {
      return loader();
    } finally {
      running = outer;
    }
  };
  return { current: () => running, run, end: (flight, loader, arg) => run(flight, () => loader(arg)) };
}

function recursive(key: string): CacheError {
  return new CacheError(
    "RECURSIVE_LOAD",
    `The load of ${key} waits for its own result. Load the part that both need under a key of its own.`,
  );
}
