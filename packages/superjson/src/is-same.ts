import type { SuperJSON } from "superjson";
import { areSameBytes, bytesForm } from "./bytes.js";
import { isClaimed, propertiesOf, registeredClass } from "./registered.js";

/**
 * Whether `copy`, which superjson brought back, equals `original`, all of which `inspect` has accepted.
 * Which objects are one and the same is not compared; cycles are followed once.
 */
export function isSame(original: unknown, copy: unknown, instance: SuperJSON): boolean {
  return new Comparison(instance).isSame(original, copy);
}

class Comparison {
  readonly #instance: SuperJSON;
  readonly #compared = new Map<object, Set<object>>();

  constructor(instance: SuperJSON) {
    this.#instance = instance;
  }

  isSame(original: unknown, copy: unknown): boolean {
    if (Object.is(original, copy) || isClaimed(original, this.#instance)) return true;
    if (!isObject(original) || !isObject(copy)) return false;
    if (this.#isCompared(original, copy)) return true;
    const constructor = registeredClass(original, this.#instance);
    if (constructor === undefined) return this.#isSameBuiltIn(original, copy);
    const [one, other] = [original, copy].map((value) => propertiesOf(value, constructor, this.#instance));
    return registeredClass(copy, this.#instance) === constructor && this.#isSameRecord(one, other);
  }

  #isSameBuiltIn(original: object, copy: object): boolean {
    if (Array.isArray(original)) return Array.isArray(copy) && this.#isSameList(original, copy);
    const [bytes, copied] = [bytesForm(original), bytesForm(copy)];
    if (bytes !== undefined) return copied !== undefined && areSameBytes(bytes, copied);
    const prototype: unknown = Object.getPrototypeOf(original);
    if (prototype !== null && prototype !== Object.getPrototypeOf(copy)) return false;
    if (original instanceof Map) return this.#isSameMap(original, copy as Map<unknown, unknown>);
    if (original instanceof Set) return this.#isSameSet(original, copy as Set<unknown>);
    if (original instanceof Date) return original.getTime() === (copy as Date).getTime();
    if (original instanceof RegExp || original instanceof URL) return String(original) === String(copy);
    if (original instanceof Error) return this.#isSameRecord(this.#carriedOf(original), this.#carriedOf(copy));
    return this.#isSameRecord(original, copy);
  }

  #isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
    return one.length === other.length && one.every((item, i) => this.isSame(item, other[i]));
  }

  /** superjson may move NaN to the end, so the order of what is not an object does not count. */
  #isSameSet(one: ReadonlySet<unknown>, other: ReadonlySet<unknown>): boolean {
    const areFound = [...one].every((item) => isObject(item) || other.has(item));
    return (
      areFound && one.size === other.size && this.#isSameList([...one].filter(isObject), [...other].filter(isObject))
    );
  }

  #isSameMap(one: ReadonlyMap<unknown, unknown>, other: ReadonlyMap<unknown, unknown>): boolean {
    const areFound = [...one].every(
      ([key, item]) => isObject(key) || (other.has(key) && this.isSame(item, other.get(key))),
    );
    const [ones, others] = [one, other].map((map) => [...map].filter(([key]) => isObject(key)));
    return areFound && one.size === other.size && this.#isSameList(ones ?? [], others ?? []);
  }

  #isSameRecord(one: object = {}, other: object = {}): boolean {
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(other).length) return false;
    return keys.every(
      (key) => Object.hasOwn(other, key) && this.isSame(Reflect.get(one, key), Reflect.get(other, key)),
    );
  }

  #carriedOf(error: object): object {
    const keys = ["name", "message", "cause", ...this.#instance.allowedErrorProps];
    return Object.fromEntries(keys.map((key) => [key, Reflect.get(error, key)]));
  }

  /** Two that are being compared count as equal until something in them differs, and then everything does. */
  #isCompared(original: object, copy: object): boolean {
    const copies = this.#compared.get(original) ?? new Set();
    if (copies.has(copy)) return true;
    this.#compared.set(original, copies.add(copy));
    return false;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
