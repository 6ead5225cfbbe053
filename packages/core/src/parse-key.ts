import type { Params } from "./params.js";

/** What a key says: `get(id, { params })` and `delete(id, { params })` are about that key. */
export interface KeyParts {
  /** The id, as text: `1` and `"1"` are one id. */
  readonly id: string;
  /** The params; for a wrapped function whose `id` is text, its arguments. */
  readonly params?: Params;
}

const ESCAPE = /%u([0-9A-F]{4})|%([0-9A-F]{2})/g;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const BARE = /[^,:[\]()"]+/y;
const INSTANT = /@([^,\])]+)/y;
const BIGINT = /^-?\d+n$/;
const DEEPEST = 100;

const CONSTANTS: ReadonlyMap<string, Params> = new Map<string, Params>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * Reads back what `Keys.of` wrote behind the namespace: the id, and the params if there are any.
 * @throws SyntaxError where no cache wrote it.
 */
export function parseKey(text: string): KeyParts {
  const end = text.indexOf("?");
  if (end < 0) return { id: unescapeId(text) };
  const reader = new ParamsReader(text.slice(end + 1));
  return { id: unescapeId(text.slice(0, end)), params: reader.readAll() };
}

function unescapeId(text: string): string {
  return text.replace(ESCAPE, (_, long?: string, short?: string) =>
    String.fromCharCode(Number.parseInt(long ?? short ?? "", 16)),
  );
}

/** Reads params from left to right. */
class ParamsReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): Params {
    const value = this.#value();
    if (this.#at !== this.#text.length) throw this.#odd();
    return value;
  }

  #value(): Params {
    const next = this.#text[this.#at];
    if (next === '"') return this.#quoted();
    if (next === "[") return this.#list(["[", "]"], () => this.#value());
    if (next === "(") return Object.fromEntries(this.#list(["(", ")"], () => this.#property()));
    if (next === "@") return new Date(this.#take(INSTANT).slice(1));
    return this.#scalar();
  }

  #scalar(): Params {
    const text = this.#take(BARE);
    if (CONSTANTS.has(text)) return CONSTANTS.get(text);
    return BIGINT.test(text) ? BigInt(text.slice(0, -1)) : Number(text);
  }

  #quoted(): string {
    return JSON.parse(this.#take(QUOTED)) as string;
  }

  #property(): readonly [name: string, value: Params] {
    const name = this.#text[this.#at] === '"' ? this.#quoted() : this.#take(BARE);
    this.#skip(":");
    return [name, this.#value()];
  }

  #list<T>([open, close]: readonly [open: string, close: string], item: () => T): T[] {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.#odd();
    this.#skip(open);
    const items: T[] = [];
    while (this.#text[this.#at] !== close) {
      if (items.length > 0) this.#skip(",");
      items.push(item());
    }
    this.#skip(close);
    this.#depth -= 1;
    return items;
  }

  #skip(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#odd();
    this.#at += 1;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw this.#odd();
    this.#at += found.length;
    return found;
  }

  #odd(): SyntaxError {
    return new SyntaxError(`No cache wrote what begins at ${this.#at} of ${this.#text}`);
  }
}
