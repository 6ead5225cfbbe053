const SPACE = 32;
const ZERO = 48;

const DEADLINE = /^(?:never|-?\d{1,16})$/;
/** The whole milliseconds of a date from 2001 to 2286 have as many digits: two numbers that fit into 32 bits. */
const DIGITS_OF_A_DATE = 13;
const HIGH_DIGITS = 7;
const LOW_DIGITS = DIGITS_OF_A_DATE - HIGH_DIGITS;
const LOW = 10 ** LOW_DIGITS;
/** No number of digits alone. */
const NONE = -1;

/** Reads the instants of the header of an entry, one after the other. */
export class InstantReader {
  /** Where the next word begins. All before it is ASCII, so this is the same place in the bytes and in the text. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #text: string;

  /** Dates are read from `bytes`, which is faster than from a string; the rare word of another form from `text`. */
  constructor(bytes: Uint8Array, text: string, at: number) {
    this.#bytes = bytes;
    this.#text = text;
    this.at = at;
  }

  /** A whole number of milliseconds, or `Infinity` for `never`; `NaN` where it is neither. */
  deadline(): number {
    const date = dateAt(this.#bytes, this.at);
    const end = this.at + DIGITS_OF_A_DATE;
    return date !== NONE && this.#bytes[end] === SPACE ? this.#pass(end, date) : this.#rare();
  }

  /** The word ends before the space at `end`: the next one is up. */
  #pass(end: number, instant: number): number {
    this.at = end + 1;
    return instant;
  }

  /** The word that is up, as it is. */
  word(): string {
    const end = Math.max(this.at, this.#text.indexOf(" ", this.at));
    const word = this.#text.slice(this.at, end);
    this.at = end + 1;
    return word;
  }

  /** Whether the word that is up is `expected`, which is ASCII: then it is passed. No word is empty. */
  passes(expected = ""): boolean {
    const [bytes, from] = [this.#bytes, this.at];
    const end = from + expected.length;
    if (expected === "" || bytes[end] !== SPACE) return false;
    // Half as long as by what strings offer.
    for (let at = from; at < end; at += 1) if (bytes[at] !== expected.charCodeAt(at - from)) return false;
    this.at = end + 1;
    return true;
  }

  /** A deadline of another length, read by the language itself; `NaN` where it is none. */
  #rare(): number {
    const word = this.word();
    if (!DEADLINE.test(word)) return Number.NaN;
    return word === "never" ? Number.POSITIVE_INFINITY : Number(word);
  }
}

/** The whole milliseconds of a date, which begin at `at`; `NONE` where there are too few digits. */
function dateAt(bytes: Uint8Array, at: number): number {
  const high = digitsAt(bytes, at, HIGH_DIGITS);
  const low = digitsAt(bytes, at + HIGH_DIGITS, LOW_DIGITS);
  return high < 0 || low < 0 ? NONE : high * LOW + low;
}

/** A number of exactly `count` digits; `NONE` where there are fewer. */
function digitsAt(bytes: Uint8Array, from: number, count: number): number {
  if (from + count > bytes.length) return NONE;
  let number = 0;
  for (let at = from; at < from + count; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return NONE;
    number = number * 10 + digit;
  }
  return number;
}
