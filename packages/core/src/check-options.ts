import type { Clock } from "./clock.js";
import { describe } from "./describe.js";
import { CacheError } from "./errors.js";
import type { Serializer } from "./serializer.js";

/** The names of `Options`, all of them: one that is declared and not listed does not compile. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses options that are no object, and an option that is not known: a misspelt one would otherwise be a default in
 * disguise. `path` stands before the names of options that are part of another option.
 * @throws CacheError `INVALID_OPTION`, which says what was probably meant.
 */
export function checkOptions<Options>(options: Options, known: OptionNames<Options>, path = ""): void {
  const names = Object.keys(known).map((name) => path + name);
  if (!isRecord(options)) throw noRecord(options, names, path);
  // Those that an object inherits count too: they are read as its own are.
  for (const name in options) {
    if (!Object.hasOwn(known, name) && !(name in Object.prototype)) checkKnown("option", path + name, names);
  }
}

/**
 * Refuses a name that is not among those that are known.
 * @throws CacheError `INVALID_OPTION`: `There is no event "hits". Did you mean "hit"?`
 */
export function checkKnown(kind: string, name: unknown, known: readonly string[]): void {
  if (known.includes(name as string)) return;
  const meant = typeof name === "string" ? nearest(name, known) : undefined;
  const hint = meant === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean "${meant}"?`;
  throw new CacheError("INVALID_OPTION", `There is no ${kind} ${describe(name)}. ${hint}`);
}

/**
 * The clock, if it is one.
 * @throws CacheError `INVALID_OPTION`
 */
export function checkClock<Given extends Clock | undefined>(clock: Given): Given {
  if (clock === undefined || (typeof clock?.now === "function" && typeof clock.after === "function")) return clock;
  throw new CacheError(
    "INVALID_OPTION",
    `clock: takes an object with now() and after(ms, task), not ${describe(clock)}.`,
  );
}

/**
 * The serializer, if it is one.
 * @throws CacheError `INVALID_OPTION`
 */
export function checkSerializer<Given extends Serializer | undefined>(serializer: Given): Given {
  if (serializer === undefined) return serializer;
  if (typeof serializer?.encode === "function" && typeof serializer.decode === "function") return serializer;
  throw new CacheError(
    "INVALID_OPTION",
    `serializer: takes an object with encode(value) and decode(data), not ${describe(serializer)}.`,
  );
}

/**
 * The text, if it is one and not empty.
 * @throws CacheError `INVALID_OPTION`
 */
export function checkText(option: string, text: string): string {
  if (typeof text === "string" && text !== "") return text;
  throw new CacheError("INVALID_OPTION", `${option}: write text that is not empty, not ${describe(text)}.`);
}

/** A plain object, an instance of a class of the user's own, or a module; not a list, a signal, a date or a promise. */
function isRecord(options: unknown): options is object {
  return /^\[object (?:Object|Module)\]$/.test(Object.prototype.toString.call(options)) && Boolean(options);
}

function noRecord(options: unknown, names: readonly string[], path: string): CacheError {
  const what = path === "" ? "Options are" : `${path.slice(0, -1)}: takes`;
  const [first] = names.includes("ttl") ? ["ttl"] : names.map((name) => name.slice(path.length));
  const example = typeof options === "number" && first === "ttl" ? String(options) : "…";
  return new CacheError(
    "INVALID_OPTION",
    `${what} an object, not ${describe(options)}. Write ${first === undefined ? "{}" : `{ ${first}: ${example} }`}.`,
  );
}

/** What was probably meant by `name`: what takes few changes to write, or else says more or less of the same. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const most = given.length < 4 ? 1 : Math.max(2, Math.floor(given.length / 4));
  const byEdits = known
    .map((meant) => ({ meant, edits: editsBetween(given, meant.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits)[0];
  if (byEdits !== undefined && byEdits.edits <= most) return byEdits.meant;
  if (given.length < 3) return undefined;
  return known.find(
    (meant) => meant.toLowerCase().includes(given) || (meant.length > 2 && given.includes(meant.toLowerCase())),
  );
}

/** How many letters have to be put in, taken out or replaced to make one text of the other (Levenshtein, 1965). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of one.split("").entries()) {
    const next = [at + 1];
    for (let to = 0; to < other.length; to += 1) {
      const [replaced, left, above] = [row[to] as number, next[to] as number, row[to + 1] as number];
      next.push(Math.min(replaced + (other[to] === letter ? 0 : 1), left + 1, above + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
