import type { CacheEntry, CacheStore, StoreEvent } from "@granary/core";
import type { StoreVerb } from "@granary/testkit";

export const ENTRY: CacheEntry = { value: "sound", createdAt: 1, freshUntil: Infinity, keepUntil: Infinity };
const GENERATION = { epoch: "e", sequence: 7 };

/** A store that has every capability, says what it did, and tells what a test has it tell. */
export function fullStore(): {
  readonly store: CacheStore;
  /** The verbs that were done, each as often as it was. */
  readonly done: StoreVerb[];
  /** What was asked for, in the words of the call. */
  readonly asked: unknown[];
  tell(event: StoreEvent): void;
  wake(): void;
  /** How many listen or watch. */
  listening(): number;
} {
  const [done, asked]: [StoreVerb[], unknown[]] = [[], []];
  const [listeners, wakes] = [new Set<(event: StoreEvent) => void>(), new Set<() => void>()];
  const does =
    <A extends readonly unknown[], T>(verb: StoreVerb, answer: T) =>
    (...args: A): T => {
      done.push(verb);
      asked.push(args[0]);
      return answer;
    };
  const store: CacheStore = {
    name: "full",
    tier: "near",
    get: does("get", ENTRY),
    set: does("set", undefined),
    delete: does("delete", false),
    many: {
      get: does("many.get", [ENTRY, undefined]),
      set: does("many.set", undefined),
      delete: does("many.delete", [false]),
    },
    async *walk() {
      done.push("walk");
      yield ["a", "b"];
    },
    invalidate: does("invalidate", GENERATION),
    generations: does("generations", "e.7"),
    expire: does("expire", false),
    leases: {
      ttlMs: 3_000,
      acquire: does("leases.acquire", { type: "granted" as const, entry: ENTRY }),
      renew: does("leases.renew", false),
      fill: does("leases.fill", false),
      release: does("leases.release", undefined),
      keepNear: does("leases.keepNear", false),
      watch: (_key, wake) => {
        wakes.add(wake);
        return () => void wakes.delete(wake);
      },
    },
    ready: does("ready", undefined),
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: does("close", undefined),
  };
  return {
    store,
    done,
    asked,
    tell: (event) => {
      for (const listener of listeners) listener(event);
    },
    wake: () => {
      for (const wake of wakes) wake();
    },
    listening: () => listeners.size + wakes.size,
  };
}
