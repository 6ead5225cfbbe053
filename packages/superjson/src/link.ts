import { isRecord } from "./kinds.js";
import { parseIndex, parsePath } from "./paths.js";
import { unreadable } from "./unreadable.js";

/**
 * Makes one object again of what was one, by superjson's `meta.referentialEqualities`: places by the path of the
 * object, and before them, where there are any, the places of the whole value. A wrong place throws.
 */
export function link(value: unknown, equalities: unknown, version: 0 | 1): unknown {
  const [ofRoot, ofOthers] = Array.isArray(equalities) ? (equalities as unknown[]) : [[], equalities];
  const links = new Links(value, version);
  links.make(value, ofRoot);
  if (ofOthers !== undefined) links.makeAll(ofOthers);
  links.finish();
  return value;
}

/** Where something stands: in a record, an array, a row of a map, or the list of a set. */
interface Place {
  readonly holder: object;
  readonly key: string;
}

class Links {
  readonly #value: unknown;
  readonly #version: 0 | 1;
  /** A map or set cannot be asked for its n-th item in less than n steps: each is listed once. */
  readonly #lists = new Map<Map<unknown, unknown> | Set<unknown>, unknown[]>();

  constructor(value: unknown, version: 0 | 1) {
    this.#value = value;
    this.#version = version;
  }

  makeAll(equalities: unknown): void {
    if (!isRecord(equalities)) throw unreadable("its equalities are malformed");
    for (const path of Object.keys(equalities)) this.make(this.#get(this.#placeOf(path)), equalities[path]);
  }

  /** Each place must hold a copy of `object`, or null where it was left out. */
  make(object: unknown, paths: unknown): void {
    if (!Array.isArray(paths)) throw unreadable("its equalities are malformed");
    for (const path of paths as unknown[]) {
      const place = this.#placeOf(path);
      const copy = this.#get(place);
      if (Object.is(copy, object)) continue;
      if (typeof copy === "bigint" || !isAlike(copy, object)) throw unreadable("its equalities name unequal values");
      (place.holder as Record<string, unknown>)[place.key] = object;
    }
  }

  /** Fills the maps and sets that were listed anew, in their order. */
  finish(): void {
    for (const [holder, list] of this.#lists) fill(holder, list);
  }

  #placeOf(path: unknown): Place {
    if (typeof path !== "string") throw unreadable("its equalities are malformed");
    const keys = parsePath(path, this.#version);
    // The first step leads from a holder of the whole value.
    let place: Place = { holder: [this.#value], key: "0" };
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? "";
      const holder = this.#get(place);
      if (holder instanceof Map) place = { holder: this.#rowOf(holder, key), key: checkedIndex(keys[++at] ?? "", 2) };
      else if (holder instanceof Set) place = this.#itemOf(holder, key);
      else place = { holder: holderOf(holder, key), key };
    }
    return place;
  }

  #get({ holder, key }: Place): unknown {
    return (holder as Record<string, unknown>)[key];
  }

  #rowOf(map: Map<unknown, unknown>, key: string): object {
    const list = this.#listOf(map);
    return list[parseIndex(key, list.length)] as unknown[];
  }

  #itemOf(set: Set<unknown>, key: string): Place {
    const list = this.#listOf(set);
    return { holder: list, key: checkedIndex(key, list.length) };
  }

  #listOf(holder: Map<unknown, unknown> | Set<unknown>): unknown[] {
    const known = this.#lists.get(holder);
    if (known !== undefined) return known;
    const list = [...(holder as Iterable<unknown>)];
    this.#lists.set(holder, list);
    return list;
  }
}

function fill(holder: Map<unknown, unknown> | Set<unknown>, list: readonly unknown[]): void {
  holder.clear();
  for (const item of list) {
    if (holder instanceof Set) holder.add(item);
    else holder.set(...(item as [unknown, unknown]));
  }
  if (holder.size !== list.length) throw unreadable("its equalities make two keys or items one");
}

function holderOf(holder: unknown, key: string): object {
  if (Array.isArray(holder)) {
    parseIndex(key, holder.length);
    return holder;
  }
  // An instance of a class may keep what it was written by behind an accessor.
  const isThere =
    typeof holder === "object" &&
    holder !== null &&
    (Object.hasOwn(holder, key) || (key in holder && !(key in Object.prototype)));
  if (isThere) return holder;
  throw unreadable(`its equalities speak of a key "${key}" that is not there`);
}

function checkedIndex(key: string, length: number): string {
  parseIndex(key, length);
  return key;
}

function isAlike(copy: unknown, object: unknown): boolean {
  if (copy === null || copy === undefined || object === null || object === undefined) return copy === null;
  return Object.getPrototypeOf(copy) === Object.getPrototypeOf(object);
}
