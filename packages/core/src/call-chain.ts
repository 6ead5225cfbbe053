import { CacheError } from "./errors.js";
import type { Flight } from "./flight.js";

/** Knows which load the code that runs now belongs to. */
interface CallChain {
  /** The load that called us, directly or through others. */
  current(): Flight | undefined;
  run<T>(flight: Flight, loader: () => T): T;
}

interface AsyncStorage {
  getStore(): Flight | undefined;
  run<T>(flight: Flight, task: () => T): T;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage;
}

/** Before this version of Node, to follow a call through its awaits makes every promise of the process slower by half. */
const FIRST_NODE_WITH_CHEAP_CONTEXT = 24;

/** The loads of this process, wherever they were started. */
export const callChain: CallChain = asyncChain() ?? synchronousChain();

/**
 * A caller that belongs to a load is about to wait for another one.
 * @throws CacheError `RECURSIVE_LOAD` where that one waits for the caller's own, so that neither would ever end.
 */
export function checkChain(caller: Flight | undefined, { key, owner, joined }: NextLoad): void {
  // The same key of another store is another load: a cache in front of another one may use the same names.
  for (let flight = caller; flight !== undefined; flight = flight.awaitedBy)
    if (flight.key === key && flight.owner === owner && !flight.landed) throw recursive(key);
  if (caller !== undefined && joined !== undefined && isWaitingFor(joined, caller)) throw recursive(key);
}

/** The load that a caller is about to wait for. */
export interface NextLoad {
  readonly key: string;
  /** What the flights of its store belong to. */
  readonly owner: object;
  /** The flight, where there is one already. */
  readonly joined: Flight | undefined;
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
  if (major < FIRST_NODE_WITH_CHEAP_CONTEXT) return undefined;
  const hooks = process?.getBuiltinModule?.("node:async_hooks") as AsyncHooks | undefined;
  if (hooks === undefined) return undefined;
  const storage = new hooks.AsyncLocalStorage();
  // What a loader started and left behind, such as a timer, is part of its load no longer once that has ended.
  const current = (): Flight | undefined => {
    const flight = storage.getStore();
    return flight?.landed === true ? undefined : flight;
  };
  return { current, run: (flight, loader) => storage.run(flight, loader) };
}

/** Follows a call up to its first await. A recursion behind that ends with the hard timeout. */
function synchronousChain(): CallChain {
  let running: Flight | undefined;
  return {
    current: () => running,
    run: (flight, loader) => {
      const outer = running;
      running = flight;
      try {
        return loader();
      } finally {
        running = outer;
      }
    },
  };
}

function recursive(key: string): CacheError {
  return new CacheError(
    "RECURSIVE_LOAD",
    `The load of ${key} waits for its own result. Load the part that both need under a key of its own.`,
  );
}
