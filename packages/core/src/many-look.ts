import type { CacheEntry } from "./entry.js";
import { MOST_LOOKS } from "./look.js";

type Found = CacheEntry | undefined;

/** Reads keys, in one round trip. */
export type ReadMany = (keys: string[]) => Promise<readonly Found[]>;

/** One read of many keys, which is a look at each of them. */
export interface ManyLook {
  /** Of each key that was asked for, in their order. None of one that is busy; one that comes twice has one look. */
  readonly looks: Array<LookOfMany | undefined>;
  /** What is found, by the places of the looks. */
  read: Promise<readonly Found[]>;
  /** Whether somebody is busy with the key at this moment. */
  isBusy(key: string): boolean;
  /** A look that a change has voided is taken again: others can share it from now on. */
  begun(look: LookOfMany): void;
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

/**
 * What `first` finds, and of keys that were changed meanwhile what is there now. A gap changes every key: if each were
 * looked at again by itself, one call about thousands of keys would become thousands of calls of the store.
 */
export async function readLooks(many: ManyLook, read: ReadMany, first: ManyLook["read"]): Promise<readonly Found[]> {
  let found = await first;
  for (let reads = 1; reads < MOST_LOOKS; reads += 1) {
    const isOvertaken = (look?: LookOfMany): look is LookOfMany => look?.voided === true && !many.isBusy(look.key);
    const again = [...new Set(many.looks.filter(isOvertaken))];
    if (again.length === 0) break;
    for (const look of again) {
      look.voided = false;
      many.begun(look);
    }
    const renewed = await read(again.map(({ key }) => key));
    const all = [...found];
    again.forEach(({ place }, at) => {
      all[place] = renewed[at];
    });
    found = all;
  }
  return found;
}
