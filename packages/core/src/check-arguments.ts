import { describe } from "./describe.js";
import { CacheError } from "./errors.js";
import type { Id } from "./key.js";

/** The ids, of a list or whatever gives one after the other. A text would give its letters. */
export function checkIds<K extends Id>(ids: Iterable<K>): readonly K[] {
  if (isList(ids)) return [...ids];
  throw invalid(`Ids are a list, such as ["1", "2"], not ${describe(ids)}.`);
}

/** The pairs of an id and a value. */
export function checkPairs<K extends Id, V>(
  entries: Iterable<readonly [id: K, value: V]>,
): readonly (readonly [K, V])[] {
  if (!isList(entries)) {
    throw invalid(
      `Entries are a Map or a list of pairs [id, value], not ${describe(entries)}. For those of an object write Object.entries(object).`,
    );
  }
  const pairs = [...entries];
  const odd = pairs.findIndex((pair: unknown) => !Array.isArray(pair) || pair.length !== 2);
  if (odd < 0) return pairs;
  throw invalid(
    `Entries are pairs [id, value], which number ${odd} is not. What holds for all of them is an option: setMany(pairs, { ttl: "5m" }).`,
  );
}

/** The tags of a call, each as an argument of its own or all in one list. */
export function tagsGiven(given: readonly string[] | readonly [readonly string[]]): readonly string[] {
  if (given.length === 0)
    throw invalid('invalidateTags() takes tags: write invalidateTags("team:7"), or a list, which may be empty.');
  const [first] = given;
  if (!Array.isArray(first)) return given as readonly string[];
  if (given.length > 1) throw invalid("invalidateTags() takes tags, or one list of them and nothing else.");
  return first;
}

/** The function, if it is one that gives a result when it is called. `what` says what it is for. */
export function checkFunction<Given>(given: Given, what: string): Given {
  const other = typeof given === "function" ? otherThanFunction(given) : describe(given);
  if (other === undefined) return given;
  throw invalid(`${what}, not ${other}.`);
}

/** A class cannot be called, and a generator function, when it is called, does nothing yet. */
function otherThanFunction(given: object): string | undefined {
  const prototype = Object.getOwnPropertyDescriptor(given, "prototype");
  // Neither an arrow nor an async function has one.
  if (prototype === undefined) return undefined;
  if (prototype.writable === false) return "a class";
  return /Generator/.test(Object.prototype.toString.call(given)) ? "a generator function" : undefined;
}

/** A signal is known by what is used of it, so that one of another realm will do. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || (typeof signal?.aborted === "boolean" && typeof signal.addEventListener === "function"))
    return;
  throw invalid(`signal: takes an AbortSignal, such as controller.signal, not ${describe(signal)}.`);
}

/** Refuses what is given to a method that takes nothing: what it would have to mean is not what is done. */
export function checkNone(given: readonly unknown[], instead: string): void {
  if (given.length > 0 && given[0] !== undefined)
    throw invalid(`${instead}, and takes no argument, not ${describe(given[0])}.`);
}

function isList<T>(given: Iterable<T>): boolean {
  return typeof given === "object" && given !== null && typeof given[Symbol.iterator] === "function";
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_OPTION", message);
}
