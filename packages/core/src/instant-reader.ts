const POINT = 46;
const SPACE = 32;
const ZERO = 48;

const DEADLINE = /^(?:never|-?\d{1,16})$/;
/** A number as JavaScript prints it. */
const BEGINNING = /^-?\d{1,21}(?:\.\d{1,24})?(?:e[+-]\d{1,3})?$/;

/** The whole milliseconds of a date from 2001 to 2286 have as many digits: two numbers that fit into 32 bits. */
const DIGITS_OF_A_DATE = 13;
const HIGH_DIGITS = 7;
const LOW_DIGITS = DIGITS_OF_A_DATE - HIGH_DIGITS;
const LOW = 10 ** LOW_DIGITS;
/** By what the digits behind its point are divided, by their number. */
const SCALES = [undefined, 10, 100, 1_000, 10_000];
const MOST_FRACTION_DIGITS = SCALES.length - 1;
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

  /** When the load began: any number; `NaN` where it is none. */
  beginning(): number {
    const date = dateAt(this.#bytes, this.at);
    const end = this.at + DIGITS_OF_A_DATE;
    if (date === NONE) return this.#word(BEGINNING);
    if (this.#bytes[end] === POINT) return this.#dateWithFraction(date, end + 1);
    return this.#bytes[end] === SPACE ? this.#pass(end, date) : this.#word(BEGINNING);
  }

  /** A whole number of milliseconds, or `Infinity` for `never`; `NaN` where it is neither. */
  deadline(): number {
    const date = dateAt(this.#bytes, this.at);
    const end = this.at + DIGITS_OF_A_DATE;
    return date !== NONE && this.#bytes[end] === SPACE ? this.#pass(end, date) : this.#word(DEADLINE);
  }

  /**
   * Digits behind the point of a date, if they are at most four: all that JavaScript prints of one. What they come to,
   * added to the whole milliseconds, gives what `Number` gives, to the last bit: neighbouring dates are 2 ** -13 to
   * 2 ** -9 ms apart, four digits come no nearer than 9e-8 to the middle between two of them, and the division is off
   * by 2e-16 at most.
   */
  #dateWithFraction(date: number, from: number): number {
    const bytes = this.#bytes;
    let end = from;
    let digits = 0;
    for (; end <= from + MOST_FRACTION_DIGITS; end += 1) {
      const digit = (bytes[end] ?? SPACE) - ZERO;
      if (digit < 0 || digit > 9) break;
      digits = digits * 10 + digit;
    }
    const scale = SCALES[end - from];
    return scale !== undefined && bytes[end] === SPACE ? this.#pass(end, date + digits / scale) : this.#word(BEGINNING);
  }

  /** The word ends before the space at `end`: the next one is up. */
  #pass(end: number, instant: number): number {
    this.at = end + 1;
    return instant;
  }

  /** The word that is up, read by the language itself; `NaN` where it is not of the form `allowed`. */
  #word(allowed: RegExp): number {
    const end = Math.max(this.at, this.#text.indexOf(" ", this.at));
    const word = this.#text.slice(this.at, end);
    this.at = end + 1;
    if (!allowed.test(word)) return Number.NaN;
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
