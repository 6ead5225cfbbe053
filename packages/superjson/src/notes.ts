const NEEDS_ESCAPE = /[\\."\u0000-\u001f\ud800-\udfff]/;
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const LARGEST_INDEX = 2 ** 32 - 2;

/** A place among the notes of one value: where its notes begin, and how many of them stand before the others. */
export interface Level {
  readonly from: number;
  ahead: number;
}

/**
 * What superjson notes of the types within a value, as JSON text. It collects notes in objects, level by level, and
 * an object lists keys that are array indexes first; this list keeps that order without the objects.
 */
export class Notes {
  readonly #texts: string[] = [];

  /** Opens the notes of one array or record. */
  level(): Level {
    return { from: this.#texts.length, ahead: 0 };
  }

  /** Adds a note of the item under `key` of the array or record that `level` is for. `path` ends with that key. */
  add(path: string, type: string, level: Level): void {
    const at = level.from + level.ahead++;
    if (at === this.#texts.length) this.#texts.push(`"${path}":${type}`);
    else this.#texts.splice(at, 0, `"${path}":${type}`);
  }

  /** As `add`, for a key that is not an array index. */
  append(path: string, type: string): void {
    this.#texts.push(`"${path}":${type}`);
  }

  /** Takes out what was noted since there were `from` notes; `undefined` if that is nothing. */
  take(from: number): string | undefined {
    if (this.#texts.length === from) return undefined;
    return `{${this.#texts.splice(from).join(",")}}`;
  }

  get length(): number {
    return this.#texts.length;
  }
}

/** Whether an object lists `key` before keys that are not array indexes. */
export function isIndex(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= 48 && code <= 57 && INDEX.test(key) && Number(key) <= LARGEST_INDEX;
}

/** `key` as a part of a path, within JSON text. */
export function stepOf(key: string): string {
  return NEEDS_ESCAPE.test(key) ? JSON.stringify(escapeKey(key)).slice(1, -1) : key;
}

/** `key` as a part of a path: dots and backslashes are escaped. */
export function escapeKey(key: string): string {
  return key.includes(".") || key.includes("\\") ? key.replace(/[\\.]/g, "\\$&") : key;
}
