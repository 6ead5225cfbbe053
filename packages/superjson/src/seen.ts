/** Up to here, comparing with each costs less than a hash. */
const FEW = 16;

/** The objects that a walk has met, by identity. Not a class: an object with private fields costs more to make. */
export interface Seen {
  /** In the order in which they were met. From `count` on there are empty places, of which `FEW` objects leave none. */
  readonly objects: (object | undefined)[];
  count: number;
  /** Where a walk that goes along `objects` stands. */
  next: number;
  /** A walk looks into what waits, before it reads on. */
  isAhead: boolean;
  /** All of them too, once there are many. */
  many: Set<object | undefined> | undefined;
}

/** For a walk that begins at `object`, where it begins at one. */
export function seenFrom(object: object | undefined): Seen {
  const none = undefined;
  // With places made beforehand, the list need not grow for most values.
  return { objects: [object, none, none, none, none, none, none, none], count: 1, next: 0, isAhead: false, many: none };
}

/** Whether `object` was met before. It has been from now on. */
export function meet(object: object, seen: Seen): boolean {
  if (seen.count > FEW ? isAmongMany(object, seen) : isAmongFew(object, seen)) return true;
  seen.objects[seen.count++] = object;
  return false;
}

function isAmongFew(object: object, { objects, count }: Seen): boolean {
  for (let i = 0; i < count; i++) if (objects[i] === object) return true;
  return false;
}

function isAmongMany(object: object, seen: Seen): boolean {
  seen.many ??= new Set(seen.objects);
  return isOld(seen.many, object);
}

/** The bigints that a walk has met. In `Seen`, they would slow down how objects are compared. */
export class SeenBigints {
  #few: bigint[] | undefined;
  #many: Set<bigint> | undefined;

  /** Whether an equal one was met before. */
  meet(bigint: bigint): boolean {
    if (this.#many !== undefined) return isOld(this.#many, bigint);
    this.#few ??= [];
    for (const one of this.#few) if (one === bigint) return true;
    this.#few.push(bigint);
    if (this.#few.length > FEW) this.#many = new Set(this.#few);
    return false;
  }
}

/** One hash instead of the two of `has` and `add`. */
function isOld<T>(set: Set<T>, item: T): boolean {
  const before = set.size;
  set.add(item);
  return set.size === before;
}
