import type { CacheEntry } from "@granary/core";

/** A value as the origin gives it: no two are the same. */
export interface Value {
  readonly serial: number;
  readonly version: number;
}

export type OperationKind = "get" | "getOrSet" | "set" | "delete" | "expire" | "invalidateTags" | "clear";

/** One call of one node, from its begin to its end. Instants are steps of the whole run, all different. */
export interface Operation {
  readonly node: number;
  readonly kind: OperationKind;
  /** Absent where the operation is about a namespace. */
  readonly key?: string;
  /** The namespace of an invalidation: `""` holds all keys. */
  readonly scope?: string;
  readonly tag?: string;
  /** The name of the policy of a read, or of a write. */
  readonly policy?: string;
  /** The value that a write writes. */
  readonly wrote?: Value;
  readonly begunAt: number;
  readonly begunMs: number;
  endedAt?: number;
  endedMs?: number;
  /** What a read got. */
  answer?: Value | undefined;
  /** What a change answered. */
  did?: unknown;
  outcome: "pending" | "done" | "failed";
}

/** Where a value comes from. A value that a later load confirms is born again. */
export interface Birth {
  readonly serial: number;
  readonly key: string;
  readonly by: "load" | "set";
  /** The policy of the call that loads. */
  readonly policy: string;
  readonly tags: readonly string[];
  readonly at: number;
  /** The set that brought it. */
  readonly set?: Operation;
  readonly node: number;
  loadEnded?: "loaded" | "failed";
  loadEndedAt?: number;
}

/** What the tiers held at a moment at which nothing travelled. */
export interface Snapshot {
  readonly at: number;
  readonly held: ReadonlyArray<Held>;
}

export interface Held {
  readonly node: number;
  readonly key: string;
  readonly near: CacheEntry | undefined;
  readonly far: CacheEntry | undefined;
  /** By the clock of the server, which a node's may lag behind by as much as a sample of it took. */
  readonly now: number;
}

/** What happened in one run. */
export interface History {
  readonly operations: readonly Operation[];
  readonly births: readonly Birth[];
  readonly snapshots: readonly Snapshot[];
  /** Errors of stores: there are none in a run without faults. */
  readonly errors: readonly unknown[];
}

/** What a node tells of a store that failed. */
export interface Failure {
  readonly node: number;
  readonly operation: string;
  readonly error: unknown;
  readonly key?: string;
}

/** Writes a history. */
export class Recorder implements History {
  readonly operations: Operation[] = [];
  readonly births: Birth[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly errors: unknown[] = [];
  #step = 0;
  #serial = 0;

  step(): number {
    this.#step += 1;
    return this.#step;
  }

  value(version: number): Value {
    this.#serial += 1;
    return { serial: this.#serial, version };
  }

  /** A store has failed. */
  fail(failure: Failure): void {
    this.errors.push(failure.error);
  }

  begin(operation: Omit<Operation, "begunAt" | "outcome">): Operation {
    const begun: Operation = { ...operation, begunAt: this.step(), outcome: "pending" };
    this.operations.push(begun);
    return begun;
  }

  bear(birth: Omit<Birth, "at">): Birth {
    const born = { ...birth, at: this.step() };
    this.births.push(born);
    return born;
  }
}
