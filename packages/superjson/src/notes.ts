import { escaped, isVerbatim } from "./quoted.js";

const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const LARGEST_INDEX = 2 ** 32 - 2;

const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;

/** Members of JSON, one after the other. */
export function joined(members: string, more: string): string {
  if (members === "") return more;
  return more === "" ? members : `${members},${more}`;
}

/** Whether an object lists `key` before keys that are not array indexes. */
export function isIndex(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= DIGIT_ZERO && code <= DIGIT_NINE && INDEX.test(key) && Number(key) <= LARGEST_INDEX;
}

/** `key` as a part of a path, within JSON text. */
export function stepOf(key: string | number): string {
  if (typeof key === "number") return `${key}`;
  return isVerbatim(key) && !key.includes(".") ? key : escaped(escapeKey(key));
}

/** `key` as a part of a path: dots and backslashes are escaped. */
export function escapeKey(key: string): string {
  return key.includes(".") || key.includes("\\") ? key.replace(/[\\.]/g, "\\$&") : key;
}
