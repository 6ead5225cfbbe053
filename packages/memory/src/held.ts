import type { CacheEntry, EntryHandle, EntryRest } from "@granary/core";

const NEVER = -1;

interface Place {
  readonly origin: number;
  readonly sequence: number;
}

/**
 * An entry as the shelf holds it: one object, with no number on the heap beside it. Its instants are milliseconds since
 * the `origin` of the shelf: as such they are small integers, which V8 keeps in the field itself. What is none (a
 * fraction, `Infinity`, a life of many weeks) is as good, and takes 16 bytes more.
 */
export class Held implements EntryHandle {
  readonly key: string;
  value: unknown;
  // V8 would take a field that has only ever held numbers for one of fractions as soon as it holds one, and have each
  // instant of each entry on the heap. A field that is declared holds `undefined` at first, so these take anything.
  readonly createdAt: number;
  freshUntil: number;
  readonly keepUntil: number;
  rest: EntryRest | undefined;
  /** How many invalidations there had been when the entry was written. */
  readonly sequence: number;
  /** The sequence and the era of the order in which the entry was last permitted and moved to the front. */
  permittedIn = NEVER;

  constructor(key: string, entry: CacheEntry, { origin, sequence }: Place) {
    this.key = key;
    this.value = entry.value;
    this.createdAt = since(origin, entry.createdAt);
    this.freshUntil = since(origin, entry.freshUntil);
    this.keepUntil = since(origin, entry.keepUntil);
    this.sequence = sequence;
  }

  get tags(): readonly string[] | undefined {
    return this.rest?.tags;
  }

  /** The entry that was set, made anew: whoever has it may keep it, whatever becomes of this. */
  entry(origin: number): CacheEntry {
    const { value, createdAt, freshUntil, keepUntil, rest } = this;
    return {
      value,
      createdAt: createdAt + origin,
      freshUntil: freshUntil + origin,
      keepUntil: keepUntil + origin,
      ...rest,
    };
  }

  /** Nobody is given the value any more, nor is it kept alive by those who know the place. */
  empty(): void {
    this.value = this.rest = undefined;
    this.freshUntil = Number.NEGATIVE_INFINITY;
  }
}

function since(origin: number, at: number): number {
  const distance = at - origin;
  const whole = distance | 0;
  return whole === distance ? whole : distance;
}
