import { CacheError } from "@granary/core";
import type { SuperJSON } from "superjson";
import { isBytes } from "./bytes.js";
import { describe } from "./describe.js";
import { isForbiddenKey, isRecord } from "./kinds.js";
import { isReadableRegExp, isReadableUrl, isWithinDigits, MOST_BIGINT_DIGITS, MOST_CHARACTERS } from "./limits.js";
import { isClaimed, propertiesOf, registeredClass } from "./registered.js";

/** What was found within a value. */
export interface Findings {
  /** Something occurs twice. */
  readonly repeats: boolean;
  /** There are typed arrays or buffers. */
  readonly holdsBytes: boolean;
}

/**
 * Looks at everything within `value`.
 * @throws CacheError `INVALID_VALUE`, with path, kind and advice, at the first thing that would not come back equal.
 */
export function inspect(value: unknown, instance: SuperJSON): Findings {
  const inspection = new Inspection(instance);
  inspection.look(value);
  return inspection;
}

class Inspection implements Findings {
  readonly #instance: SuperJSON;
  readonly #seen = new Set<unknown>();
  readonly #path: string[] = ["value"];
  repeats = false;
  holdsBytes = false;

  constructor(instance: SuperJSON) {
    this.#instance = instance;
  }

  look(value: unknown): void {
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    // To superjson, a bigint and NaN are objects too.
    if (isObject || typeof value === "bigint" || Number.isNaN(value)) {
      this.repeats ||= this.#seen.has(value);
      if (this.#seen.has(value)) return;
      this.#seen.add(value);
    }
    if (isObject) this.#object(value as object);
    else if (typeof value === "symbol") this.#symbol(value);
    else if (typeof value === "bigint" && !isWithinDigits(value))
      this.#refuse(`a bigint of more than ${MOST_BIGINT_DIGITS} digits; store it as text or bytes`);
  }

  #symbol(value: symbol): void {
    const isKnown = this.#instance.symbolRegistry.getIdentifier(value) !== undefined;
    if (!isKnown && !isClaimed(value, this.#instance))
      this.#refuse("a symbol that is not registered; register it, or store text");
  }

  #object(value: object): void {
    const constructor = registeredClass(value, this.#instance);
    if (constructor !== undefined) return this.#registered(value, constructor);
    if (isClaimed(value, this.#instance)) return;
    if (Array.isArray(value)) return this.#array(value);
    if (isRecord(value)) return this.#properties(value);
    if (!this.#isBuiltIn(value)) this.#refuse(describe(value));
  }

  #registered(value: object, constructor: NonNullable<ReturnType<typeof registeredClass>>): void {
    if (Object.getPrototypeOf(value) !== constructor.prototype) this.#refuse(describe(value));
    this.#properties(propertiesOf(value, constructor, this.#instance));
  }

  #array(array: readonly unknown[]): void {
    // The prototype of arrays is an array itself, that of a derived class is not. Another realm has its own.
    if (!Array.isArray(Object.getPrototypeOf(array))) this.#refuse(describe(array));
    for (let i = 0; i < array.length; i++) {
      if (!Object.hasOwn(array, i)) this.#refuse(`an array with a hole at index ${i}; fill it with undefined or null`);
      this.#enter(`[${i}]`, array[i]);
    }
    if (Object.keys(array).length !== array.length)
      this.#refuseExtras("an array", Object.keys(array).slice(array.length));
  }

  #properties(record: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(record)) {
      if (isForbiddenKey(key))
        this.#refuse(`an object with the key "${key}", which superjson does not write; rename it`);
      this.#enter(pathOf(key), record[key]);
    }
  }

  /** Whether it is one. Looks into those that hold values. */
  #isBuiltIn(value: object): boolean {
    if (isBytes(value)) {
      this.holdsBytes = true;
      return true;
    }
    // Clocks for tests put a class derived from Date in its place, and call it Date.
    if (value instanceof Date && value.constructor.name === "Date") {
      if (Number.isNaN(value.valueOf())) this.#refuse("an invalid Date; store null or undefined");
      return this.#hasNoExtras(value);
    }
    switch (Object.getPrototypeOf(value)) {
      case Map.prototype:
        this.#map(value as Map<unknown, unknown>);
        return this.#hasNoExtras(value);
      case Set.prototype:
        [...(value as Set<unknown>)].forEach((item, i) => this.#enter(`.values()[${i}]`, item));
        return this.#hasNoExtras(value);
      case Error.prototype:
        return this.#error(value as Error);
      case RegExp.prototype:
        if (!isReadableRegExp(String(value)))
          this.#refuse(`a RegExp of more than ${MOST_CHARACTERS} characters; store its source`);
        return this.#hasNoExtras(value);
      case URL.prototype:
        if (!isReadableUrl(String(value)))
          this.#refuse(`a URL whose host has more than ${MOST_CHARACTERS} characters; store its text`);
        return this.#hasNoExtras(value);
      default:
        return false;
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    [...map].forEach(([key, item], i) => {
      this.#enter(`.keys()[${i}]`, key);
      this.#enter(`.values()[${i}]`, item);
    });
  }

  #error(error: Error): true {
    const carried = ["name", "message", "cause", "stack", ...this.#instance.allowedErrorProps];
    const extras = Object.keys(error).filter((key) => !carried.includes(key));
    if (extras.length > 0) this.#refuseExtras("an Error", extras);
    for (const key of carried) {
      if (key !== "stack" && key in error) this.#enter(pathOf(key), Reflect.get(error, key));
    }
    return true;
  }

  #hasNoExtras(value: object): true {
    const extras = Object.keys(value);
    if (extras.length > 0) this.#refuseExtras(`a ${value.constructor.name}`, extras);
    return true;
  }

  #enter(step: string, value: unknown): void {
    this.#path.push(step);
    this.look(value);
    this.#path.pop();
  }

  #refuseExtras(kind: string, keys: readonly string[]): never {
    this.#refuse(
      `${kind} with properties of its own (${keys.join(", ")}), which superjson drops; store them beside it`,
    );
  }

  #refuse(what: string): never {
    throw new CacheError("INVALID_VALUE", `${this.#path.join("")} is ${what}.`);
  }
}

function pathOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
