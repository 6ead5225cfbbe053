import {
  type CacheStore,
  callListener,
  type ManyCapability,
  type MarksCapability,
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
    set: (key, entry, reason) =>
      line.call({
        verb: "set",
        keys: [key],
        act: () => store.set(key, entry, reason),
        acknowledge: () => undefined,
      }),
    delete: (key, at) =>
      line.call({ verb: "delete", keys: [key], act: () => store.delete(key, at), acknowledge: () => true }),
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
    set: (entries, reason) =>
      line.call({
        verb: "many.set",
        keys: entries.map(([key]) => key),
        act: () => many.set(entries, reason),
        acknowledge: () => undefined,
      }),
    delete: (keys, at) =>
      line.call({
        verb: "many.delete",
        keys,
        act: () => many.delete(keys, at),
        acknowledge: () => keys.map(() => true),
      }),
  };
}

export function marksBehind(line: StoreLine, marks: MarksCapability): MarksCapability {
  return {
    read: (scopes) => line.call({ verb: "marks.read", act: () => marks.read(scopes) }),
    readTags: (scope, tags) => line.call({ verb: "marks.readTags", act: () => marks.readTags(scope, tags) }),
    raise: (invalidation, atLeast) =>
      line.call({ verb: "marks.raise", act: () => marks.raise(invalidation, atLeast), acknowledge: () => atLeast }),
  };
}

type Rest = Pick<CacheStore, "walk" | "invalidate" | "replay" | "giveUpAfter" | "ready" | "on" | "close">;

/** The capabilities that are one function each. */
export function restBehind(line: StoreLine, store: CacheStore): Rest {
  const [walk, invalidate, on] = [store.walk?.bind(store), store.invalidate?.bind(store), store.on?.bind(store)];
  const [replay, ready, close] = [store.replay?.bind(store), store.ready?.bind(store), store.close?.bind(store)];
  const giveUpAfter = store.giveUpAfter?.bind(store);
  return {
    ...(walk !== undefined && { walk: walkBehind(line, walk) }),
    ...(invalidate !== undefined && {
      invalidate: (invalidation, at) =>
        line.call({ verb: "invalidate", act: () => invalidate(invalidation, at), acknowledge: () => at }),
    }),
    ...(replay !== undefined && {
      replay: (key, change) =>
        line.call({ verb: "replay", keys: [key], act: () => replay(key, change), acknowledge: () => true }),
    }),
    // A word to the store in this process, and none to its server.
    ...(giveUpAfter !== undefined && { giveUpAfter }),
    ...(ready !== undefined && { ready: () => line.call({ verb: "ready", act: ready }) }),
    ...(on !== undefined && { on: onBehind(line, on) }),
    ...(close !== undefined && { close: () => line.call({ verb: "close", act: close }) }),
  };
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
