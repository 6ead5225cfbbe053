/** Up to here, a look at each character costs less than `JSON.stringify`. */
const SHORT = 48;

const FIRST_PRINTABLE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
/** From here on there are halves of surrogate pairs, which JSON escapes where one stands alone. */
const FIRST_SURROGATE = 0xd800;

/** `text` as JSON writes it. */
export function quoted(text: string): string {
  return isVerbatim(text) ? `"${text}"` : JSON.stringify(text);
}

/** As `quoted`, without the quotes. */
export function escaped(text: string): string {
  return isVerbatim(text) ? text : JSON.stringify(text).slice(1, -1);
}

/** Whether JSON certainly writes `text` as it stands. */
export function isVerbatim(text: string): boolean {
  if (text.length > SHORT) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < FIRST_PRINTABLE || code === QUOTE || code === BACKSLASH || code >= FIRST_SURROGATE) return false;
  }
  return true;
}
