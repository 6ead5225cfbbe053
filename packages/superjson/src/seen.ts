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

/** One hash instead of the two of `has` and `add`. */
function isOld(set: Set<object>, object: object): boolean {
  const before = set.size;
  set.add(object);
  return set.size === before;
}
