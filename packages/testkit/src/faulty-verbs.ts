import {
  type CacheStore,
  callListener,
  type Generation,
  type ManyCapability,
  newEpoch,
  type StoreEvent,
} from "@granary/core";
import { readCorrupt } from "./corrupt-entries.js";
import { listenUntilStopped } from "./faulty-travel.js";
import type { StoreLine } from "./store-line.js";

/** What every store has, behind a line. */
export function verbsBehind(line: StoreLine, store: CacheStore): Pick<CacheStore, "get" | "set" | "delete"> {
  return {
    get: (key, now, admit) =>
      line.call({
        verb: "get",
        keys: [key],
        act: (corrupt) =>
          readCorrupt(
            { store, corrupt, admit },
            (judge) => store.get(key, now, judge),
            (entry, change) => entry && change(key, entry),
          ),
      }),
    set: (key, entry, options) =>
      line.call({
        verb: "set",
        keys: [key],
        act: () => store.set(key, entry, options),
        acknowledge: () => undefined,
      }),
    delete: (key) => line.call({ verb: "delete", keys: [key], act: () => store.delete(key), acknowledge: () => true }),
  };
}

export function manyBehind(line: StoreLine, store: CacheStore, many: ManyCapability): ManyCapability {
  return {
    get: (keys, now, admit) =>
      line.call({
        verb: "many.get",
        keys,
        act: (corrupt) =>
          readCorrupt(
            { store, corrupt, admit },
            (judge) => many.get(keys, now, judge),
            (found, change) => found.map((entry, at) => entry && change(keys[at] ?? "", entry)),
          ),
      }),
    set: (entries, options) =>
      line.call({
        verb: "many.set",
        keys: entries.map(([key]) => key),
        act: () => many.set(entries, options),
        acknowledge: () => undefined,
      }),
    delete: (keys) =>
      line.call({
        verb: "many.delete",
        keys,
        act: () => many.delete(keys),
        acknowledge: () => keys.map(() => true),
      }),
  };
}

type Rest = Pick<CacheStore, "walk" | "invalidate" | "generations" | "expire" | "ready" | "on" | "close">;

/** The capabilities that are one function each. */
export function restBehind(line: StoreLine, store: CacheStore): Rest {
  const [walk, invalidate, on] = [store.walk?.bind(store), store.invalidate?.bind(store), store.on?.bind(store)];
  const [generations, expire] = [store.generations?.bind(store), store.expire?.bind(store)];
  const [ready, close] = [store.ready?.bind(store), store.close?.bind(store)];
  return {
    ...(walk !== undefined && { walk: walkBehind(line, walk) }),
    ...(invalidate !== undefined && {
      invalidate: (invalidation) =>
        line.call({ verb: "invalidate", act: () => invalidate(invalidation), acknowledge: madeUp }),
    }),
    ...(generations !== undefined && {
      generations: (key) => line.call({ verb: "generations", keys: [key], act: () => generations(key) }),
    }),
    ...(expire !== undefined && {
      expire: (key, terms) =>
        line.call({ verb: "expire", keys: [key], act: () => expire(key, terms), acknowledge: () => true }),
    }),
    ...(ready !== undefined && { ready: () => line.call({ verb: "ready", act: ready }) }),
    ...(on !== undefined && { on: onBehind(line, on) }),
    ...(close !== undefined && { close: () => line.call({ verb: "close", act: close }) }),
  };
}

/** The generation of an invalidation that was lost on the way. */
function madeUp(): Generation {
  return { epoch: newEpoch(), sequence: 1 };
}

function walkBehind(line: StoreLine, walk: NonNullable<CacheStore["walk"]>): NonNullable<CacheStore["walk"]> {
  return async function* faulty(glob) {
    yield* await line.call({ verb: "walk", act: () => walk(glob) });
  };
}

/** It may be told later, when no store is there to catch what it throws. */
function tellEvent(listener: (event: StoreEvent) => void, event: StoreEvent): void {
  callListener(
    () => listener(event),
    (error) => listener({ type: "error", operation: `listener of "${event.type}"`, error }),
  );
}

function onBehind(line: StoreLine, on: NonNullable<CacheStore["on"]>): NonNullable<CacheStore["on"]> {
  return (listener) =>
    listenUntilStopped((whileListening) =>
      on((event) => {
        const keys = event.type === "changed" ? event.keys : [];
        line.tell({ verb: "on", keys }, () => whileListening(() => tellEvent(listener, event)));
      }),
    );
}
