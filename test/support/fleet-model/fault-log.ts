/** An instant of a run: by the clock, and in the order in which things happened. */
export interface Moment {
  readonly ms: number;
  readonly step: number;
}

export type ChangeKind = "set" | "setMany" | "delete" | "deleteMany" | "expire" | "invalidateTags" | "clear";

/** What the application has changed, in its database first and then in the cache of one node. */
export interface Change {
  readonly node: number;
  readonly kind: ChangeKind;
  readonly begun: Moment;
  /** When the cache had acknowledged it. */
  ended?: Moment;
  /** What the cache answered. */
  did?: unknown;
  /** Each key that it concerns, and the version that the origin has had since. */
  readonly versions: ReadonlyMap<string, number>;
  /** The values that it wrote, by their serial numbers. */
  readonly wrote: ReadonlySet<number>;
  /** When the far tier had it, or something newer: the first moment at which the node owed nothing any more. */
  takenMs?: number;
  /** When the node was able to tell the others, at the latest. */
  saidMs?: number;
}

export type ReadKind = "get" | "getMany" | "getOrSet";

/** What one call saw of one key. */
export interface Read {
  readonly node: number;
  readonly kind: ReadKind;
  readonly key: string;
  /** The call allows stale values. */
  readonly servesStale: boolean;
  readonly begun: Moment;
  ended?: Moment;
  serial?: number | undefined;
  version?: number | undefined;
  outcome: "pending" | "done" | "failed";
  error?: unknown;
}

/** A moment at which a promise about a whole node was looked at. */
export interface Sight {
  readonly ms: number;
  readonly what: string;
  readonly isRight: boolean;
}

/** Everything that happened in a run, as far as checkers ask. */
export class FaultLog {
  readonly changes: Change[] = [];
  readonly reads: Read[] = [];
  /** When the server lost its data. */
  readonly lossesMs: number[] = [];
  /** When the clock of the server was set back. */
  readonly setBacksMs: number[] = [];
  /** Whether what a node owed was gone two seconds after it could be. */
  readonly owing: Sight[] = [];
  /** Whether a node held what the server held, or nothing, two seconds after all was well. */
  readonly agreeing: Sight[] = [];
  /** What happened, in words, where somebody wants to read it. */
  readonly story: string[] = [];
  readonly #setBySerial = new Map<number, Change>();
  readonly #isTold: boolean;

  constructor({ isTold }: { readonly isTold: boolean }) {
    this.#isTold = isTold;
  }

  /** The change that wrote a value; `undefined` where a load brought it. */
  writerOf(serial: number): Change | undefined {
    return this.#setBySerial.get(serial);
  }

  begin(change: Change): Change {
    this.changes.push(change);
    for (const serial of change.wrote) this.#setBySerial.set(serial, change);
    return change;
  }

  tell(ms: number, text: () => string): void {
    if (this.#isTold) this.story.push(`${ms.toFixed(1)}  ${text()}`);
  }
}
