import type { CacheEntry } from "./entry.js";

type Found = CacheEntry | undefined;

/** One read of many keys, which is a look at each of them. */
export interface ManyLook {
  /** Of each key that was asked for, in their order. None of one that is busy; one that comes twice has one look. */
  readonly looks: Array<LookOfMany | undefined>;
  /** What is found, by the places of the looks. */
  read: Promise<readonly Found[]>;
  /** Nobody can share the look any more. */
  ended(look: LookOfMany): void;
}

/** A look at one key of many. Who shares it sees no difference; a promise of its own is made only for them. */
export class LookOfMany {
  voided = false;
  readonly many: ManyLook;
  readonly key: string;
  /** Where the key stands among those that are read. */
  readonly place: number;
  /** What was found, where that is all that there is to say to who has made the look. */
  hit: Found;
  /** What those who share the look wait for. */
  shared: Promise<Found> | undefined;

  constructor(many: ManyLook, key: string, place: number) {
    this.many = many;
    this.key = key;
    this.place = place;
  }

  get found(): Promise<Found> {
    if (this.shared !== undefined) return this.shared;
    this.shared = this.many.read.then((all) => all[this.place]);
    const done = (): void => this.many.ended(this);
    this.shared.then(done, done);
    return this.shared;
  }

  /** For who has made it. Where others share it, it ends by itself, right before they go on. */
  end(): void {
    if (this.shared === undefined) this.many.ended(this);
  }
}
