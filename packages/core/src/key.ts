import { describe } from "./describe.js";
import type { EntryHandle } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Params } from "./params.js";
import { type KeyParts, parseKey } from "./parse-key.js";
import { builtInOf } from "./realms.js";

export type { Params } from "./params.js";

/** An id: `1` and `"1"` are the same one. */
export type Id = string | number;

/** A key of a cache, and what it says. */
export interface CacheKey extends KeyParts {
  /** The whole of it, as the store knows it. */
  readonly key: string;
}

/** Where a cache keeps its keys. */
export interface KeySpace {
  readonly prefix: string;
  readonly version: string;
  /** A name, or names joined by `/` for children. */
  readonly namespace: string;
}

/** So many places are remembered before those that were emptied are looked for. */
const FEW_PLACES = 10_000;
const DEEPEST_PARAMS = 64;
const PLAIN_DATA =
  "Write text, numbers, booleans, bigints, dates, null, arrays and plain objects, or give wrap() an id.";

/** Escaped so that an id can hold neither the start of params, nor a hash tag of a Redis cluster, nor half a character. */
const ESCAPED_IN_ID = /[%?{}]|\p{Surrogate}/gu;
const BARE_NAME = /^[A-Za-z_][\w-]*$/;

/** Makes keys: `prefix:version:namespace:identifier`, then `?` and the params. No two (id, params) share one. */
export class Keys {
  /** What every key of this namespace, but of no child, begins with. */
  readonly base: string;
  readonly scope: string;
  readonly space: KeySpace;
  /** A store in this process keeps the keys. */
  readonly #areKept: boolean;
  readonly #places = new Map<Id, EntryHandle>();
  #mostPlaces = FEW_PLACES;

  constructor(space: KeySpace, { areKept = true }: { readonly areKept?: boolean } = {}) {
    const { prefix, version, namespace } = space;
    this.#areKept = areKept;
    this.space = space;
    this.scope = `${prefix}:${version}:${namespace}`;
    this.base = `${this.scope}:`;
  }

  /** The place where the entry of `id` alone was seen last: the only thing that a hit has to look up. */
  recall(id: Id): EntryHandle | undefined {
    return this.#places.get(id);
  }

  /**
   * Remembers where the entry of `id` alone is. As many places are kept as the store holds entries of those that were
   * asked for, or twice as many: then those that the store has emptied go.
   */
  place(id: Id, handle: EntryHandle | undefined): void {
    if (handle === undefined) return;
    this.#places.set(id, handle);
    if (this.#places.size <= this.#mostPlaces) return;
    for (const [known, { value }] of this.#places) if (value === undefined) this.#places.delete(known);
    this.#mostPlaces = Math.max(FEW_PLACES, 2 * this.#places.size);
  }

  /**
   * The key of `id` and `params`.
   * @throws CacheError `INVALID_KEY`
   */
  of(id: Id, params?: Params): string {
    if (params !== undefined) return `${this.base}${escapeId(id)}?${paramsText(params)}`;
    // Joined takes eight times as long, but what `+` makes keeps both of its parts for as long as it lives.
    if (!this.#areKept) return this.base + escapeId(id);
    return this.#places.get(id)?.key ?? [this.base, escapeId(id)].join("");
  }

  /** What `key` says; `undefined` for one that no cache of this namespace has made. */
  parse(key: string): CacheKey | undefined {
    if (!key.startsWith(this.base)) return undefined;
    try {
      const parts = parseKey(key.slice(this.base.length));
      return this.of(parts.id, parts.params) === key ? { ...parts, key } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The glob that matches the keys of this namespace whose id matches `pattern`. */
  glob(pattern: string): string {
    return escapeGlob(this.base) + escapePattern(pattern);
  }
}

/**
 * `pattern`, which is about ids, as it is about their keys: what is escaped in an id is escaped here, wildcards stay,
 * and `\\` still makes the next character literal.
 */
function escapePattern(pattern: string): string {
  return pattern.replace(/\\([\s\S])|[%{}]|\p{Surrogate}/gu, (text, literal: string | undefined) =>
    literal === undefined ? escapeCharacter(text) : escapeGlob(escapeId(literal)),
  );
}

/** `text` with every wildcard of a glob made literal. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}

/**
 * Checks a part of a key space.
 * @throws CacheError `INVALID_KEY`
 */
export function checkName(option: string, name: string): string {
  if (typeof name === "string" && name !== "" && !/[:/{}]|\p{Surrogate}/u.test(name)) return name;
  throw new CacheError(
    "INVALID_KEY",
    `${option}: ${describe(name)} cannot be part of a key. Write text without ":", "/", "{" and "}".`,
  );
}

function escapeId(id: Id): string {
  // To look for what is to be escaped takes half the time of escaping nothing.
  if (typeof id === "string") return id.search(ESCAPED_IN_ID) < 0 ? id : id.replace(ESCAPED_IN_ID, escapeCharacter);
  if (typeof id === "number" && Number.isFinite(id)) return String(id);
  const instead = typeof id === "bigint" ? " Write String(id)." : "";
  throw new CacheError("INVALID_KEY", `An id is a string or a finite number, not ${describe(id)}.${instead}`);
}

function escapeCharacter(character: string): string {
  const hex = character.charCodeAt(0).toString(16).toUpperCase();
  return hex.length > 2 ? `%u${hex}` : `%${hex.padStart(2, "0")}`;
}

/** Canonical text: properties in order, every type told apart, no braces, so that it can be read and matched. */
function paramsText(value: Params, depth = 0): string {
  if (depth > DEEPEST_PARAMS) throw new CacheError("INVALID_KEY", "params are nested too deeply, or hold themselves.");
  if (value === null || typeof value !== "object") return scalarText(value);
  if (value instanceof Date || builtInOf(value) === "Date") return dateText(value as Date);
  if (Array.isArray(value)) return listText(value, depth);
  return objectText(value as { readonly [name: string]: Params }, depth);
}

function listText(value: readonly Params[], depth: number): string {
  // What stands in no key would let two lists share one.
  if (Object.keys(value).length > value.length) throw notPlain("an array with properties of its own");
  return `[${Array.from(value, (item: Params) => paramsText(item, depth + 1)).join(",")}]`;
}

function scalarText(value: Exclude<Params, object>): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined)
    return String(value);
  throw notPlain(describe(value));
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new CacheError("INVALID_KEY", "params hold an invalid date.");
  return `@${date.toISOString()}`;
}

function objectText(value: { readonly [name: string]: Params }, depth: number): string {
  if (builtInOf(value) !== "Object") throw notPlain(describe(value));
  // Such as the operators of a query: without them, two queries would share one key.
  if (Object.getOwnPropertySymbols(value).length > 0) throw notPlain("an object with symbols for names");
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  const properties = names.sort().map((name) => {
    const shown = BARE_NAME.test(name) ? name : quote(name);
    return `${shown}:${paramsText(value[name], depth + 1)}`;
  });
  return `(${properties.join(",")})`;
}

/** JSON, which also escapes half characters, and without braces, which mean something in the key of a cluster. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[{}]/g, (brace) => (brace === "{" ? "\\u007b" : "\\u007d"));
}

function notPlain(what: string): CacheError {
  return new CacheError("INVALID_KEY", `params, or the arguments of a wrapped function, hold ${what}. ${PLAIN_DATA}`);
}
