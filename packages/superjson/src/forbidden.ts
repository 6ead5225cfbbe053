import { isForbiddenKey } from "./kinds.js";

/** A forbidden name that ends a string and has a colon behind it. Within text, JSON has a backslash before the quote. */
const FORBIDDEN = /"(?:__proto__|constructor|prototype)"\s*:/;
/** A printable ASCII character that is escaped, which `JSON.stringify` never does. */
const ESCAPED_ASCII = /\\u00[2-7]/;

/**
 * Whether `json`, which was parsed from `text`, has a key that superjson does not write, since whoever copies such an
 * object may change a prototype. Mostly a look at the text is enough.
 */
export function hasForbiddenKey(text: string, json: unknown): boolean {
  const isNamed = text.includes("proto") || text.includes("constructor");
  if (isNamed && FORBIDDEN.test(text)) return true;
  return text.includes("\\u00") && ESCAPED_ASCII.test(text) && isForbiddenWithin(json);
}

function isForbiddenWithin(json: unknown): boolean {
  const todo: unknown[] = [json];
  for (let at = 0; at < todo.length; at++) {
    const value = todo[at];
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value) && Object.keys(value).some(isForbiddenKey)) return true;
    for (const item of Object.values(value)) todo.push(item);
  }
  return false;
}
