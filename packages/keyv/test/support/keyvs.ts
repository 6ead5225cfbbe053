import type { KeyvLike } from "@granary/keyv";
import { Keyv as Keyv5 } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";

/** What both versions of Keyv understand. */
export interface KeyvSettings {
  readonly store?: unknown;
  readonly namespace?: string;
}

/** A Keyv of either version, with what tests ask of it besides. */
export interface TestKeyv extends KeyvLike {
  get(key: string): Promise<unknown>;
  has(key: string): Promise<boolean>;
  clear(): Promise<void>;
  disconnect(): Promise<void>;
  listeners(event: "error"): readonly unknown[];
  emit(event: "error", error: unknown): unknown;
}

/** Both versions. The newer one asks for Node 22 in its manifest, but its parts under test run on Node 20 too. */
export const keyvs: ReadonlyArray<readonly [name: string, open: (settings?: KeyvSettings) => TestKeyv]> = [
  ["Keyv 5", (settings = {}) => new Keyv5(settings)],
  ["Keyv 6", (settings = {}) => new Keyv6(settings)],
];
