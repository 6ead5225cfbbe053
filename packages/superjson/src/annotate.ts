import { bytesForm } from "./bytes.js";
import { isoDate } from "./iso-date.js";
import { isForbiddenKey, isJsonNumber } from "./kinds.js";
import { isReadableRegExp, isReadableUrl, isWithinDigits } from "./limits.js";
import { isIndex, joined, stepOf } from "./notes.js";
import { placesOfRepeats } from "./places.js";
import { escaped, quoted } from "./quoted.js";
import { meet, SeenBigints, seenFrom } from "./seen.js";

const { getPrototypeOf, prototype: objectPrototype, values: valuesOf } = Object;
const { isArray, prototype: arrayPrototype } = Array;

/**
 * What superjson would write for `value`, for plain data that also holds `undefined`, odd numbers, bigints, dates,
 * maps, sets, regular expressions, URLs and typed arrays. `undefined` where that is not certain.
 *
 * To be asked after `leavesPlainData`. It writes the text while it walks: to copy the value, with a text for each date,
 * and have `JSON.stringify` write that, takes twice the time.
 */
export function annotate(value: unknown): string | undefined {
  return new Annotation().write(value);
}

/** What a walk puts aside while it is within a map or set. */
interface Outside {
  readonly notes: string;
  readonly base: number;
}

/** One walk that gives the text of superjson, without its bookkeeping for what cannot occur twice here. */
class Annotation {
  readonly #seen = seenFrom(undefined);
  // To superjson, a bigint and NaN are objects too, which may occur twice.
  readonly #bigints = new SeenBigints();
  #nans = 0;
  #hasRepeats = false;
  /** The keys that lead from the whole value to where the walk stands; of these, `#depth` are valid. */
  readonly #keys: (string | number)[] = [];
  #depth = 0;
  /** How deep the innermost map or set is that the walk stands in: the paths of notes begin there. */
  #base = 0;
  /** How many maps and sets the walk stands in. */
  #holders = 0;
  #hasHeldNaN = false;
  /** The notes on what was walked so far in the array, record, map or set that the walk stands in. */
  #notes = "";
  /** The note on the value that was walked last, empty unless it is of a type of its own. */
  #type = "";
  #isCertain = true;

  write(value: unknown): string | undefined {
    const text = this.#any(value);
    // On reading, superjson takes a repeated NaN out of a set or map and appends it, and so mistakes what comes after.
    const isTangled = this.#hasHeldNaN && this.#nans > 1;
    if (!this.#isCertain || isTangled) return undefined;
    if (this.#type === "" && this.#notes === "") return `{"json":${text}}`;
    const values = this.#type === "" ? `{${this.#notes}}` : this.#type;
    if (!this.#hasRepeats) return `{"json":${text},"meta":{"values":${values},"v":1}}`;
    const equalities = JSON.stringify(placesOfRepeats(value));
    return `{"json":${text},"meta":{"values":${values},"referentialEqualities":${equalities},"v":1}}`;
  }

  /** The text of `value`; its type is left in `#type`. */
  #any(value: unknown): string {
    this.#type = "";
    switch (typeof value) {
      case "string":
        return quoted(value);
      case "number":
        return isJsonNumber(value) ? `${value}` : this.#oddNumber(value);
      case "boolean":
        return value ? "true" : "false";
      case "object":
        return value === null ? "null" : this.#object(value);
      case "undefined":
        return this.#typed('["undefined"]', "null");
      case "bigint":
        return this.#bigint(value);
      case "symbol":
      case "function":
        return this.#giveUp();
    }
  }

  #object(value: object): string {
    if (meet(value, this.#seen)) return this.#giveUp();
    const prototype: unknown = getPrototypeOf(value);
    if (isArray(value)) return prototype === arrayPrototype ? this.#array(value) : this.#giveUp();
    if (prototype === objectPrototype || (prototype === null && value !== objectPrototype))
      return this.#record(value as Record<string, unknown>);
    if (ArrayBuffer.isView(value)) return this.#bytes(value);
    return hasProperties(value) ? this.#giveUp() : this.#builtIn(value, prototype);
  }

  #builtIn(value: object, prototype: unknown): string {
    switch (prototype) {
      case Date.prototype:
        return Number.isNaN(value.valueOf()) ? this.#giveUp() : this.#typed('["Date"]', `"${isoDate(value as Date)}"`);
      case Map.prototype:
        return this.#map(value as Map<unknown, unknown>);
      case Set.prototype:
        return this.#set(value as Set<unknown>);
      case RegExp.prototype:
        return this.#text('["regexp"]', `${value as RegExp}`, isReadableRegExp);
      case URL.prototype:
        return this.#text('["URL"]', (value as URL).toString(), isReadableUrl);
      case ArrayBuffer.prototype:
        return this.#bytes(value);
      default:
        return this.#giveUp();
    }
  }

  #array(array: readonly unknown[]): string {
    const items = valuesOf(array);
    return items.length === array.length && !hasHole(array) ? this.#items(items) : this.#giveUp();
  }

  #items(items: readonly unknown[]): string {
    const before = this.#notes;
    this.#notes = "";
    let text = "";
    // superjson collects notes in objects, level by level, and an object lists keys that are array indexes first.
    let first = "";
    for (let i = 0; i < items.length; i++) {
      text = joined(text, this.#at(i, items[i]));
      if (this.#type !== "") first = this.#noted(first, i);
    }
    this.#notes = joined(before, joined(first, this.#notes));
    return this.#typed("", `[${text}]`);
  }

  #record(record: Readonly<Record<string, unknown>>): string {
    const before = this.#notes;
    this.#notes = "";
    let text = "";
    let first = "";
    for (const key in record) {
      if (isForbiddenKey(key)) return this.#giveUp();
      const written = this.#at(key, record[key]);
      text = text === "" ? `"${escaped(key)}":${written}` : `${text},"${escaped(key)}":${written}`;
      if (this.#type === "") continue;
      if (isIndex(key)) first = this.#noted(first, key);
      else this.#notes = this.#noted(this.#notes, key);
    }
    this.#notes = joined(before, joined(first, this.#notes));
    return this.#typed("", `{${text}}`);
  }

  #at(key: string | number, item: unknown): string {
    this.#keys[this.#depth++] = key;
    const written = this.#any(item);
    this.#depth--;
    return written;
  }

  /** Adds to `notes` that what stands under `key` is of the type that was found last. */
  #noted(notes: string, key: string | number): string {
    let path = stepOf(key);
    for (let i = this.#depth - 1; i >= this.#base; i--) path = `${stepOf(this.#keys[i] ?? "")}.${path}`;
    return notes === "" ? `"${path}":${this.#type}` : `${notes},"${path}":${this.#type}`;
  }

  #set(set: ReadonlySet<unknown>): string {
    const outside = this.#enter();
    return this.#leave("set", this.#items([...set]), outside);
  }

  #map(map: ReadonlyMap<unknown, unknown>): string {
    const outside = this.#enter();
    let text = "";
    let row = 0;
    for (const [key, item] of map) {
      this.#keys[this.#depth++] = row++;
      text = joined(text, this.#items([key, item]));
      this.#depth--;
    }
    return this.#leave("map", `[${text}]`, outside);
  }

  /** Within a map or set, notes and their paths begin anew. */
  #enter(): Outside {
    const outside = { notes: this.#notes, base: this.#base };
    this.#notes = "";
    this.#base = this.#depth;
    this.#holders++;
    return outside;
  }

  /** The notes on what is within a map or set are a part of the note on itself. */
  #leave(name: string, written: string, outside: Outside): string {
    this.#type = this.#notes === "" ? `["${name}"]` : `["${name}",{${this.#notes}}]`;
    this.#notes = outside.notes;
    this.#base = outside.base;
    this.#holders--;
    return written;
  }

  #bytes(value: object): string {
    const form = bytesForm(value);
    return form === undefined ? this.#giveUp() : this.#typed(JSON.stringify([form.type]), JSON.stringify(form.items));
  }

  #bigint(value: bigint): string {
    if (!isWithinDigits(value)) return this.#giveUp();
    this.#hasRepeats ||= this.#bigints.meet(value);
    return this.#typed('["bigint"]', `"${value}"`);
  }

  #text(type: string, text: string, isReadable: (text: string) => boolean): string {
    return isReadable(text) ? this.#typed(type, quoted(text)) : this.#giveUp();
  }

  #oddNumber(value: number): string {
    if (Number.isNaN(value)) this.#nan();
    return this.#typed('["number"]', value === 0 ? '"-0"' : `"${value}"`);
  }

  #nan(): void {
    this.#nans++;
    this.#hasRepeats ||= this.#nans > 1;
    this.#hasHeldNaN ||= this.#holders > 0;
  }

  #typed(type: string, written: string): string {
    this.#type = type;
    return written;
  }

  #giveUp(): string {
    this.#isCertain = false;
    return "";
  }
}

/** Counts inherited ones too, which can only make us give up. `Object.keys` costs more. */
function hasProperties(value: object): boolean {
  for (const _ in value) return true;
  return false;
}

function hasHole(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) if (array[i] === undefined && !(i in array)) return true;
  return false;
}
