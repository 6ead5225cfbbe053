import {
  CacheError,
  type CacheStore,
  type Clock,
  checkClock,
  checkOptions,
  checkSerializer,
  checkText,
  type OptionNames,
  type Serializer,
  StoreLifecycle,
  snapshotBy,
  systemClock,
} from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import { EntryReader, isGarbled } from "./entry-reader.js";
import { FailureWatch } from "./failure-watch.js";
import { canWalk, walkKeys } from "./key-space.js";
import { type KeyvLike, methodOf } from "./keyv-like.js";
import { readMany, readOne } from "./read.js";
import { removeMany, removeOne } from "./remove.js";
import type { StoreParts } from "./store-parts.js";
import { writeMany, writeOne } from "./write.js";

/** How `keyvStore` writes, and what it is called. */
export interface KeyvStoreOptions {
  /** Turns values into text or bytes. Default: `superjsonSerializer`. */
  readonly serializer?: Serializer;
  /** What deadlines are held against. Default: the machine's clock. Keyv itself always goes by the machine's. */
  readonly clock?: Clock;
  /** Stands in events, statistics and messages, and is the tier of a hit. Default: `"keyv"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<KeyvStoreOptions> = { serializer: true, clock: true, name: true };

/**
 * A store on a Keyv of version 5.6 or later, or of version 6, with its namespace, adapter and encoding of keys.
 * Each entry is one string to Keyv. The Keyv stays open when the store is closed.
 *
 * A call whose answer may hide a failure rejects with the error that Keyv emitted while it ran, so an outage does not
 * pass for a miss. Where Keyv is told to be silent (`emitErrors: false`) and not to throw, an adapter that swallows its
 * own failures gives no sign at all. Each error that Keyv emits also reaches `on` as operation `"connection"`.
 * @throws CacheError `INVALID_OPTION`
 */
export function keyvStore(keyv: KeyvLike, options: KeyvStoreOptions = {}): CacheStore {
  checkOptions(options, OPTIONS);
  const { serializer = superjsonSerializer, clock = systemClock, name = "keyv" } = options;
  requireKeyv(keyv);
  checkSerializer(serializer);
  checkClock(clock);
  checkText("name", name);
  const watch = new FailureWatch(keyv, (error) => {
    // Keyv 6 emits what it cannot parse; the read that met it tells so itself, with the key.
    if (!isGarbled(error)) life.tell({ type: "error", operation: "connection", error });
  });
  const life: StoreLifecycle = new StoreLifecycle(name, () => watch.start());
  const reader = new EntryReader({
    serializer,
    name,
    unreadable: (error, key) => life.tell({ type: "error", operation: "get", error, key }),
  });
  return life.checked({
    name,
    clock,
    admits: true,
    snapshot: snapshotBy(serializer),
    ...verbs({ keyv, watch, reader, serializer, clock }),
    ...(canWalk(keyv) && { walk: (glob: string) => walkKeys(keyv, glob) }),
  });
}

function requireKeyv(keyv: KeyvLike): void {
  const missing = (["getRaw", "getMany", "set", "delete", "on", "off"] as const).find(
    (method) => methodOf(keyv, method) === undefined,
  );
  if (missing === undefined) return;
  throw new CacheError(
    "INVALID_OPTION",
    `keyvStore() takes a Keyv of version 5.6 or later: write keyvStore(new Keyv()). What it was given has no ${missing}().`,
  );
}

function verbs(parts: StoreParts): Required<Pick<CacheStore, "get" | "set" | "delete" | "many">> {
  const { clock } = parts;
  return {
    get: (key, now = clock.now(), admit) => readOne(parts, key, { now, admit }),
    set: (key, entry) => writeOne(parts, key, entry),
    delete: (key) => removeOne(parts, key),
    many: {
      get: (keys, now = clock.now(), admit) => readMany(parts, keys, { now, admit }),
      set: (entries) => writeMany(parts, entries),
      delete: (keys) => removeMany(parts, keys),
    },
  };
}
