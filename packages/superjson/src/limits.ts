/*
 * What takes more than linear time to read is bounded, since anybody who can write to a store could hold up its readers.
 * What is beyond a bound is neither written nor read.
 */

/** The most decimal digits of a bigint. */
export const MOST_BIGINT_DIGITS = 10_000;
/** The most characters of a regular expression, and of the host of a URL. */
export const MOST_CHARACTERS = 10_000;

const FIRST_TOO_LARGE = 10n ** BigInt(MOST_BIGINT_DIGITS);

/** Superjson writes no other text of a URL. Only the host is ever converted, in quadratic time, if it is not ASCII. */
const ASCII_TEXT = /^[\x21-\x7e][\x20-\x7e]*$/;
const SCHEME_AND_HOST = /^(?:https?|wss?|ftp|file):[/\\]*[^/\\?#]*/i;

/** Whether a bigint has no more digits than are read. */
export function isWithinDigits(bigint: bigint): boolean {
  return bigint < FIRST_TOO_LARGE && -bigint < FIRST_TOO_LARGE;
}

/** Whether the text of a regular expression is no longer than is read. */
export function isReadableRegExp(text: string): boolean {
  return text.length <= MOST_CHARACTERS;
}

/** Whether the text of a URL is one that is read. */
export function isReadableUrl(text: string): boolean {
  if (!ASCII_TEXT.test(text)) return false;
  return text.length <= MOST_CHARACTERS || (SCHEME_AND_HOST.exec(text)?.[0].length ?? 0) <= MOST_CHARACTERS;
}
