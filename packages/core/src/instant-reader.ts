const POINT = 46;
const SPACE = 32;
const ZERO = 48;

const MOST_DIGITS = 16;
const DEADLINE = /^(?:never|-?\d{1,16})$/;
/** A number as JavaScript prints it. */
const BEGINNING = /^-?\d{1,21}(?:\.\d{1,24})?(?:e[+-]\d{1,3})?$/;

/** The whole milliseconds of a date from 2001 to 2286 have as many digits. */
const DIGITS_OF_A_DATE = 13;
/** By what the digits behind its point are divided, by their number. */
const SCALES = [undefined, 10, 100, 1_000, 10_000];

/** Reads the instants of the header of an entry, one after the other. */
export class InstantReader {
  /** Where the next word begins. All before it is ASCII, so this is the same place in the bytes and in the text. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #text: string;

  /** Digits are read from `bytes`, which is faster than from a string; the rare word of another form from `text`. */
  constructor(bytes: Uint8Array, text: string, at: number) {
    this.#bytes = bytes;
    this.#text = text;
    this.at = at;
  }

  /** When the load began: any number; `NaN` where it is none. */
  beginning(): number {
    const from = this.at;
    const whole = this.#digits();
    if (this.#ends(from)) return whole;
    const fraction =
      this.#bytes[this.at] === POINT && this.at - from === DIGITS_OF_A_DATE ? this.#fraction() : undefined;
    return fraction === undefined ? this.#word(from, BEGINNING) : whole + fraction;
  }

  /** A whole number of milliseconds, or `Infinity` for `never`; `NaN` where it is neither. */
  deadline(): number {
    const from = this.at;
    const whole = this.#digits();
    return this.#ends(from) ? whole : this.#word(from, DEADLINE);
  }

  /**
   * What the digits behind the point of a date come to, if they are at most four: all that JavaScript prints of one.
   * Added to the whole milliseconds it gives what `Number` gives, to the last bit: neighbouring dates are 2 ** -13 to
   * 2 ** -9 ms apart, four digits come no nearer than 9e-8 to the middle between two of them, and the division is off
   * by 2e-16 at most.
   */
  #fraction(): number | undefined {
    this.at += 1;
    const from = this.at;
    const digits = this.#digits();
    const scale = SCALES[this.at - from];
    return scale !== undefined && this.#ends(from) ? digits / scale : undefined;
  }

  #digits(): number {
    const bytes = this.#bytes;
    let at = this.at;
    let number = 0;
    for (let digit = digitAt(bytes, at); digit >= 0 && digit <= 9; digit = digitAt(bytes, at)) {
      number = number * 10 + digit;
      at += 1;
    }
    this.at = at;
    return number;
  }

  /** Whether the digits from `from` on, a few, are the whole word; then the next one is up. */
  #ends(from: number): boolean {
    const length = this.at - from;
    if (length === 0 || length > MOST_DIGITS || this.#bytes[this.at] !== SPACE) return false;
    this.at += 1;
    return true;
  }

  /** The word from `from` on, read by the language itself; `NaN` where it is not of the form `allowed`. */
  #word(from: number, allowed: RegExp): number {
    const end = this.#text.indexOf(" ", from);
    const word = this.#text.slice(from, Math.max(from, end));
    this.at = end + 1;
    if (!allowed.test(word)) return Number.NaN;
    return word === "never" ? Number.POSITIVE_INFINITY : Number(word);
  }
}

function digitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? Number.NaN) - ZERO;
}
