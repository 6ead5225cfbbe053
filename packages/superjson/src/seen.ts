/** Up to here, comparing with each costs less than a hash. */
const FEW = 16;

/** The objects that a walk has met, by identity. */
export class Seen {
  readonly #few: object[] = [];
  #many: Set<object> | undefined;

  /** Whether `object` was met before. It has been from now on. */
  meet(object: object): boolean {
    if (this.#many !== undefined) return isOld(this.#many, object);
    for (const one of this.#few) if (one === object) return true;
    this.#few.push(object);
    if (this.#few.length > FEW) this.#many = new Set(this.#few);
    return false;
  }
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
