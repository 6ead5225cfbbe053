import { type CacheEntry, globMatcher } from "@granary/core";
import type { DuplicateFault, FaultLife, FaultPlace, RejectFault, TravelFault } from "./faults.js";

/** What a store does, by its place in `CacheStore`. */
export type StoreVerb =
  | "get"
  | "set"
  | "delete"
  | "many.get"
  | "many.set"
  | "many.delete"
  | "walk"
  | "invalidate"
  | "generations"
  | "expire"
  | "leases.acquire"
  | "leases.renew"
  | "leases.fill"
  | "leases.release"
  | "leases.keepNear"
  | "leases.watch"
  | "ready"
  | "on"
  | "close";

/** What a fault strikes, and how often. */
export interface StoreFaultScope extends FaultLife {
  /** Only these; `"leases"` is all of `leases`. Default: everything but `close`. */
  readonly verbs?: ReadonlyArray<StoreVerb | "many" | "leases">;
  /** Only what names a key that matches this glob, as of `walk`. Of many keys one is enough. */
  readonly keys?: string;
}

/** A write is lost: acknowledged and not done, as by a server that dies before its replica has it. */
export interface ForgetFault {
  readonly type: "forget";
}

/** Entries that are read have another shape than entries have. */
export interface CorruptFault {
  readonly type: "corrupt";
  /** Makes the shape. Default: wrong deadlines, wrong types or missing parts. */
  readonly with?: (entry: CacheEntry, key: string) => unknown;
  /** Gives which of these it is, one after the other. Default: 1. */
  readonly seed?: number;
}

/** A fault of a store. */
export type StoreFault = StoreFaultScope &
  ((TravelFault & FaultPlace) | RejectFault | DuplicateFault | ForgetFault | CorruptFault);

/** One call, or one thing that a store tells. */
export interface StoreDeed {
  readonly verb: StoreVerb;
  /** The keys that it names. Default: none. */
  readonly keys?: readonly string[];
}

type Kind = "entries" | "read" | "write" | "message";

/** What each verb is about. */
export const KINDS: Readonly<Record<StoreVerb, Kind>> = {
  get: "entries",
  set: "write",
  delete: "write",
  "many.get": "entries",
  "many.set": "write",
  "many.delete": "write",
  walk: "read",
  invalidate: "write",
  generations: "read",
  expire: "write",
  "leases.acquire": "entries",
  "leases.renew": "write",
  "leases.fill": "write",
  "leases.release": "write",
  "leases.keepNear": "write",
  "leases.watch": "message",
  ready: "read",
  on: "message",
  close: "read",
};

const EVERYTHING: readonly Kind[] = ["entries", "read", "write", "message"];

/** What each fault can befall. */
export const VICTIMS: Readonly<Record<StoreFault["type"], readonly Kind[]>> = {
  hang: EVERYTHING,
  delay: EVERYTHING,
  drop: EVERYTHING,
  reorder: EVERYTHING,
  reject: ["entries", "read", "write"],
  duplicate: ["write", "message"],
  forget: ["write"],
  corrupt: ["entries"],
};

/** Whether `fault` strikes `deed`. */
export function isStruckBy(fault: StoreFault, { verb, keys = [] }: StoreDeed): boolean {
  return VICTIMS[fault.type].includes(KINDS[verb]) && isAmong(verb, fault.verbs) && hasKeyOf(fault, keys);
}

/** Whether `fault` is about one of `keys`. */
export function hasKeyOf(fault: StoreFault, keys: readonly string[]): boolean {
  return fault.keys === undefined || keys.some(globMatcher(fault.keys));
}

function isAmong(verb: StoreVerb, names: StoreFaultScope["verbs"]): boolean {
  // A test that closes the store behind itself should not have to mend it before.
  if (names === undefined) return verb !== "close";
  return names.some((name) => verb === name || verb.startsWith(`${name}.`));
}
