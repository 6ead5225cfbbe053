import { isoDate } from "./iso-date.js";
import { hasJsonNumbers, isForbiddenKey, isRecord, isTypedArray, type TypedArray } from "./kinds.js";
import { escapeKey, isIndex, type Level, Notes, stepOf } from "./notes.js";
import { isPlainLeaf } from "./plain.js";
import { Seen } from "./seen.js";

/**
 * What superjson would write for `value`, for plain data that also holds `undefined`, odd numbers, bigints, dates,
 * maps, sets, regular expressions, URLs and typed arrays. `undefined` where that is not certain.
 */
export function annotate(value: unknown): string | undefined {
  return new Annotation().write(value);
}

/** Where a walk stands: the path in its notes, from the innermost map or set on, and how deep in the whole value. */
interface Place {
  readonly prefix: string;
  readonly depth: number;
}

/** One walk that gives the text of superjson, without its bookkeeping for what cannot occur twice here. */
class Annotation {
  readonly #seen = new Seen();
  readonly #notes = new Notes();
  /** The keys that lead to where the walk stands. */
  readonly #keys: string[] = [];
  /** Where each bigint stands, and NaN: to superjson, each is an object that may occur twice. */
  #places: Map<unknown, string[][]> | undefined;
  #hasLooseNaN = false;
  /** The note on the value that was walked last, if it is of a type of its own. */
  #type: string | undefined;
  #isCertain = true;

  write(value: unknown): string | undefined {
    const json = this.#any(value, "", 0);
    // On reading, superjson takes a repeated NaN out of a set or map and appends it, and so mistakes what comes after.
    const isTangled = this.#hasLooseNaN && (this.#places?.get(Number.NaN)?.length ?? 0) > 1;
    if (!this.#isCertain || isTangled) return undefined;
    const values = this.#type ?? this.#notes.take(0);
    const equalities = this.#equalities();
    if (values === undefined) return JSON.stringify({ json });
    const rest = equalities === undefined ? "" : `,"referentialEqualities":${JSON.stringify(equalities)}`;
    return `{"json":${JSON.stringify(json)},"meta":{"values":${values}${rest},"v":1}}`;
  }

  /** `prefix` is the path of what is within `value`. */
  #any(value: unknown, prefix: string, depth: number): unknown {
    this.#type = undefined;
    switch (typeof value) {
      case "object":
        return value === null ? null : this.#object(value, { prefix, depth });
      case "number":
        return isPlainLeaf(value) ? value : this.#number(value, depth);
      case "undefined":
        return this.#typed("undefined", null);
      case "bigint":
        this.#remember(value, depth);
        return this.#typed("bigint", value.toString());
      case "string":
      case "boolean":
      case "symbol":
      case "function":
        return isPlainLeaf(value) ? value : this.#giveUp();
    }
  }

  #object(value: object, place: Place): unknown {
    if (this.#seen.meet(value)) return this.#giveUp();
    if (Array.isArray(value)) return this.#array(value, place);
    if (isRecord(value)) return this.#record(value, place);
    if (isTypedArray(value)) return this.#typedArray(value);
    return Object.keys(value).length === 0 ? this.#builtIn(value, place.depth) : this.#giveUp();
  }

  #builtIn(value: object, depth: number): unknown {
    switch (Object.getPrototypeOf(value)) {
      case Date.prototype:
        return Number.isNaN(value.valueOf()) ? this.#giveUp() : this.#typed("Date", isoDate(value as Date));
      case Map.prototype:
        return this.#map([...(value as Map<unknown, unknown>).entries()], depth);
      case Set.prototype:
        return this.#set([...(value as Set<unknown>).values()], depth);
      case RegExp.prototype:
        return this.#typed("regexp", `${value as RegExp}`);
      case URL.prototype:
        return this.#typed("URL", (value as URL).toString());
      default:
        return this.#giveUp();
    }
  }

  #array(array: readonly unknown[], place: Place): unknown {
    const items = Object.values(array);
    const isOrdinary = Object.getPrototypeOf(array) === Array.prototype && items.length === array.length;
    return isOrdinary && !hasHole(array) ? this.#items(items, place) : this.#giveUp();
  }

  /** `items` is ours to change. */
  #items(items: unknown[], { prefix, depth }: Place): unknown {
    const level = this.#notes.level();
    for (let i = 0; i < items.length; i++) {
      if (isPlainLeaf(items[i])) continue;
      const key = String(i);
      this.#keys[depth] = key;
      items[i] = this.#any(items[i], `${prefix}${key}.`, depth + 1);
      if (this.#type !== undefined) this.#notes.add(prefix + key, this.#type, level);
    }
    this.#type = undefined;
    return items;
  }

  #record(record: Record<string, unknown>, { prefix, depth }: Place): unknown {
    let copy: Record<string, unknown> | undefined;
    const level = this.#notes.level();
    for (const key of Object.keys(record)) {
      if (isForbiddenKey(key)) return this.#giveUp();
      const item = record[key];
      if (isPlainLeaf(item)) continue;
      this.#keys[depth] = key;
      const path = prefix + stepOf(key);
      const written = this.#any(item, `${path}.`, depth + 1);
      if (written !== item) copy = put(copy ?? { ...record }, key, written);
      if (this.#type !== undefined) this.#note(key, path, level);
    }
    this.#type = undefined;
    return copy ?? record;
  }

  #note(key: string, path: string, level: Level): void {
    const type = this.#type ?? "";
    if (isIndex(key)) this.#notes.add(path, type, level);
    else this.#notes.append(path, type);
  }

  #set(items: unknown[], depth: number): unknown {
    const from = this.#notes.length;
    this.#hasLooseNaN ||= items.includes(Number.NaN);
    this.#items(items, { prefix: "", depth });
    return this.#containing("set", from, items);
  }

  #map(entries: [unknown, unknown][], depth: number): unknown {
    const from = this.#notes.length;
    for (const [row, entry] of entries.entries()) {
      if (isPlainLeaf(entry[0]) && isPlainLeaf(entry[1])) continue;
      this.#hasLooseNaN ||= Number.isNaN(entry[0]);
      const key = String(row);
      this.#keys[depth] = key;
      this.#items(entry, { prefix: `${key}.`, depth: depth + 1 });
    }
    return this.#containing("map", from, entries);
  }

  #containing(name: string, from: number, written: unknown): unknown {
    const inner = this.#notes.take(from);
    this.#type = inner === undefined ? `["${name}"]` : `["${name}",${inner}]`;
    return written;
  }

  #typedArray(array: TypedArray): unknown {
    if (!hasJsonNumbers(array)) return this.#giveUp();
    this.#type = `[["typed-array","${array.constructor.name}"]]`;
    return Array.from(array);
  }

  #number(value: number, depth: number): string {
    if (Number.isNaN(value)) this.#remember(value, depth);
    return this.#typed("number", value === 0 ? "-0" : String(value));
  }

  #remember(value: unknown, depth: number): void {
    const path = this.#keys.slice(0, depth);
    this.#places ??= new Map();
    const paths = this.#places.get(value);
    if (paths === undefined) this.#places.set(value, [path]);
    else paths.push(path);
  }

  /** What occurs in more than one place. The shortest path stands for all. */
  #equalities(): Record<string, string[]> | undefined {
    const equalities: Record<string, string[]> = {};
    for (const paths of this.#places?.values() ?? []) {
      if (paths.length === 1) continue;
      const [first, ...rest] = paths.sort((a, b) => a.length - b.length).map((path) => path.map(escapeKey).join("."));
      if (first !== undefined) equalities[first] = rest;
    }
    return Object.keys(equalities).length === 0 ? undefined : equalities;
  }

  #typed<T>(name: string, written: T): T {
    this.#type = `["${name}"]`;
    return written;
  }

  #giveUp(): undefined {
    this.#isCertain = false;
  }
}

function put<T>(record: Record<string, T>, key: string, item: T): Record<string, T> {
  record[key] = item;
  return record;
}

function hasHole(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) if (array[i] === undefined && !(i in array)) return true;
  return false;
}
