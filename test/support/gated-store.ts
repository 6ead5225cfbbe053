import type { Awaitable, CacheStore, ManyCapability } from "@granary/core";

/** An `"invalidate"` is also the write of a record, by a store that keeps generations as entries among its others. */
export type Verb = "get" | "set" | "delete" | "invalidate" | "many.get" | "many.set" | "many.delete";

/** Where a call is stopped: before the store does anything, or when it has, and only its answer is still on the way. */
export type Moment = "before" | "after";

/** One call that a test stops. */
export interface Hold {
  /** Resolves once the call is there. */
  readonly reached: Promise<void>;
  release(): void;
}

/** A store whose calls a test stops one by one. */
export interface GatedStore {
  readonly store: CacheStore;
  /** Stops the next call of `verb` that no earlier hold stops. */
  hold(verb: Verb, moment: Moment): Hold;
  /** Calls of `verb` so far. */
  calls(verb: Verb): number;
}

interface Gate extends Hold {
  readonly moment: Moment;
  readonly arrive: () => void;
  readonly opened: Promise<void>;
}

type Call = <T>(verb: Verb, act: () => Awaitable<T>) => Awaitable<T>;

/** Wraps `store`. A call that nobody stops passes at once. */
export function gatedStore(store: CacheStore): GatedStore {
  const gates = new Map<Verb, Gate[]>();
  const counts = new Map<Verb, number>();
  const call: Call = (verb, act) => {
    counts.set(verb, (counts.get(verb) ?? 0) + 1);
    const gate = gates.get(verb)?.shift();
    return gate === undefined ? act() : stop(gate, act);
  };
  const gated: CacheStore = {
    ...store,
    get: (key, now, admit) =>
      isRecord(key) ? store.get(key, now, admit) : call("get", () => store.get(key, now, admit)),
    set: (key, entry, options) => call(isRecord(key) ? "invalidate" : "set", () => store.set(key, entry, options)),
    delete: (key) => call("delete", () => store.delete(key)),
    ...gatedInvalidate(store, call),
    ...(store.many !== undefined && { many: gatedMany(store.many, call) }),
  };
  const hold: GatedStore["hold"] = (verb, moment) => {
    const gate = newGate(moment);
    gates.set(verb, [...(gates.get(verb) ?? []), gate]);
    return gate;
  };
  return { store: gated, hold, calls: (verb) => counts.get(verb) ?? 0 };
}

function gatedInvalidate({ invalidate }: CacheStore, call: Call): Pick<CacheStore, "invalidate"> {
  if (invalidate === undefined) return {};
  return { invalidate: (invalidation) => call("invalidate", () => invalidate(invalidation)) };
}

/** The keys of records hold a brace, and those of values none. */
function isRecord(key: string): boolean {
  return key.includes("{");
}

function gatedMany(many: ManyCapability, call: Call): ManyCapability {
  return {
    get: (keys, now, admit) => call("many.get", () => many.get(keys, now, admit)),
    set: (entries, options) => call("many.set", () => many.set(entries, options)),
    delete: (keys) => call("many.delete", () => many.delete(keys)),
  };
}

async function stop<T>(gate: Gate, act: () => Awaitable<T>): Promise<T> {
  if (gate.moment === "after") {
    const answer = await act();
    gate.arrive();
    await gate.opened;
    return answer;
  }
  gate.arrive();
  await gate.opened;
  return act();
}

function newGate(moment: Moment): Gate {
  const [reached, opened] = [signal(), signal()];
  return { moment, reached: reached.given, arrive: reached.give, opened: opened.given, release: opened.give };
}

/** A promise, and what resolves it. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
