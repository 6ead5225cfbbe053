import type { SuperJSONResult } from "superjson";
import { isRecord } from "./kinds.js";
import { parseIndex, parsePath, type Source } from "./paths.js";
import { unreadable } from "./unreadable.js";

/**
 * Makes one object again of what was one, by superjson's `meta.referentialEqualities`: places by the path of the
 * object, and before them, where there are any, the places of the whole value. superjson itself does it; first,
 * every place is looked up, since it would pass over a wrong one in silence.
 */
export function link(value: unknown, equalities: unknown, { instance, version }: Source): unknown {
  const [ofRoot, ofOthers] = Array.isArray(equalities) ? equalities : [[], equalities];
  const links = new Links(value, version);
  links.check(value, ofRoot);
  if (ofOthers !== undefined) links.checkAll(ofOthers);
  if (links.areMade) return value;
  const meta = { referentialEqualities: equalities, v: version } as NonNullable<SuperJSONResult["meta"]>;
  return instance.deserialize({ json: value as SuperJSONResult["json"], meta }, { inPlace: true });
}

class Links {
  readonly #value: unknown;
  readonly #version: 0 | 1;
  /** Whether nothing is left to do: equal bigints, which superjson links like objects, are one anyway. */
  areMade = true;

  constructor(value: unknown, version: 0 | 1) {
    this.#value = value;
    this.#version = version;
  }

  checkAll(equalities: unknown): void {
    if (!isRecord(equalities)) throw unreadable("its equalities are malformed");
    for (const path of Object.keys(equalities)) this.check(this.#at(path), equalities[path]);
  }

  /** Each place must hold a copy of `object`, or null where it was left out. */
  check(object: unknown, paths: unknown): void {
    if (!Array.isArray(paths)) throw unreadable("its equalities are malformed");
    for (const path of paths) {
      const copy = this.#at(path);
      if (copy === object) continue;
      if (typeof copy === "bigint" || !isAlike(copy, object)) throw unreadable("its equalities name unequal values");
      this.areMade = false;
    }
  }

  #at(path: unknown): unknown {
    if (typeof path !== "string") throw unreadable("its equalities are malformed");
    return resolve(this.#value, parsePath(path, this.#version));
  }
}

function isAlike(copy: unknown, object: unknown): boolean {
  if (copy === null || copy === undefined || object === null || object === undefined) return copy === null;
  return Object.getPrototypeOf(copy) === Object.getPrototypeOf(object);
}

function resolve(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (let i = 0; i < path.length; i++) {
    const key = path[i] ?? "";
    if (at instanceof Map) at = pairOf(at, key)[parseIndex(path[++i] ?? "", 2)];
    else if (at instanceof Set) at = [...at][parseIndex(key, at.size)];
    else if (typeof at === "object" && at !== null && key in at) at = Reflect.get(at, key);
    else throw unreadable(`its equalities speak of a key "${key}" that is not there`);
  }
  return at;
}

function pairOf(map: ReadonlyMap<unknown, unknown>, row: string): readonly unknown[] {
  return [...map][parseIndex(row, map.size)] ?? [];
}
