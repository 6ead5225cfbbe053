import { type BuiltIn, builtInOf, CacheError, isCacheError, isError, messageOf } from "@granary/core";

/**
 * A deep copy of plain data: primitives, arrays, plain objects, dates, maps, sets, regular expressions, URLs,
 * the language's own errors, array buffers and views on them. Cycles and parts that occur twice stay so.
 * Unlike `structuredClone` it never turns an instance of a class into a plain object: it refuses.
 * @throws CacheError `INVALID_VALUE` at anything else, and at data nested too deep for the stack.
 */
export function copyValue<T>(value: T): T {
  if (!isObject(value) && typeof value !== "function") return value;
  try {
    return copyPart(value, new Map()) as T;
  } catch (cause) {
    if (isCacheError(cause)) throw cause;
    const isTooDeep = isError(cause) && cause.name === "RangeError";
    const reason = isTooDeep ? "it is nested too deep; store it flatter" : messageOf(cause);
    throw new CacheError("INVALID_VALUE", `This value cannot be copied: ${reason}.`, { cause });
  }
}

/** Copies made so far, by their originals. */
type Copies = Map<object, object>;

type Copier = (original: never, copies: Copies) => object;

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function copyPart(part: unknown, copies: Copies): unknown {
  if (typeof part === "function") throw uncopyable("a function");
  if (!isObject(part)) return part;
  const known = copies.get(part);
  if (known !== undefined) return known;
  if (Array.isArray(part)) return copyArray(part, copies);
  const builtIn = builtInOf(part);
  if (builtIn === "Object") return copyPlain(part, copies);
  const copier = copierOf(part, builtIn);
  if (copier === undefined) throw uncopyable(`an instance of ${nameOf(Object.getPrototypeOf(part))}`);
  const copy = copier(part as never, copies);
  copies.set(part, copy);
  return copy;
}

/** A list of a subclass would lose its class, and one with properties of its own would lose those. */
function copyArray(original: readonly unknown[], copies: Copies): unknown[] {
  const prototype: unknown = Object.getPrototypeOf(original);
  // Of any realm: the prototype of its lists is itself a list.
  if (!Array.isArray(prototype)) throw uncopyable(`an instance of ${nameOf(prototype)}`);
  const copy: unknown[] = new Array(original.length);
  copies.set(original, copy);
  if (Object.keys(original).length > original.length) throw uncopyable("an array with properties of its own");
  for (let at = 0; at < original.length; at += 1) {
    if (at in original) copy[at] = copyPart(original[at], copies);
  }
  return copy;
}

function copyPlain(original: object, copies: Copies): object {
  const copy: Record<string, unknown> = Object.getPrototypeOf(original) === null ? Object.create(null) : {};
  copies.set(original, copy);
  for (const key of Object.keys(original)) {
    const part = copyPart(Reflect.get(original, key), copies);
    // An assignment to this one name would change the prototype.
    if (key === "__proto__") Object.defineProperty(copy, key, { ...OPEN, value: part });
    else copy[key] = part;
  }
  for (const symbol of Object.getOwnPropertySymbols(original)) {
    Object.defineProperty(copy, symbol, { ...OPEN, value: copyPart(Reflect.get(original, symbol), copies) });
  }
  return copy;
}

const OPEN = { enumerable: true, configurable: true, writable: true };

/**
 * How to copy an object of a class of the language, whatever realm it was made in; only of that class itself, since a
 * subclass may hold more. What is copied is of this realm.
 */
function copierOf(original: object, builtIn: BuiltIn | undefined): Copier | undefined {
  return ArrayBuffer.isView(original) ? copyView : COPIERS.get(builtIn);
}

const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

const COPIERS: ReadonlyMap<BuiltIn | undefined, Copier> = new Map<BuiltIn | undefined, Copier>([
  ["Date", (date: Date) => new Date(date.getTime())],
  ["Map", copyMap],
  ["Set", copySet],
  ["RegExp", (expression: RegExp) => new RegExp(expression)],
  ["ArrayBuffer", (buffer: ArrayBuffer) => new Uint8Array(buffer).slice().buffer],
  ["URL", (url: URL) => new URL(url)],
  ...ERRORS.map((one) => [one.name as BuiltIn, copierOfErrors(one)] as const),
]);

function copyMap(original: ReadonlyMap<unknown, unknown>, copies: Copies): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  copies.set(original, copy);
  for (const [key, part] of original) copy.set(copyPart(key, copies), copyPart(part, copies));
  return copy;
}

function copySet(original: ReadonlySet<unknown>, copies: Copies): Set<unknown> {
  const copy = new Set<unknown>();
  copies.set(original, copy);
  for (const part of original) copy.add(copyPart(part, copies));
  return copy;
}

function copierOfErrors(made: ErrorConstructor): Copier {
  return (original, copies) => copyError(original, new made(), copies);
}

function copyError(original: Error, copy: Error, copies: Copies): Error {
  copies.set(original, copy);
  for (const name of Object.getOwnPropertyNames(original)) {
    const part = copyPart(Reflect.get(original, name), copies);
    const enumerable = Object.prototype.propertyIsEnumerable.call(original, name);
    Object.defineProperty(copy, name, { ...OPEN, enumerable, value: part });
  }
  return copy;
}

/** Of a view only the bytes that it shows are copied. `slice` keeps its class, also that of a Node `Buffer`. */
function copyView(original: ArrayBufferView): object {
  const { buffer, byteOffset, byteLength } = original;
  const builtIn = builtInOf(original);
  if (builtIn === "DataView") return new DataView(new Uint8Array(buffer, byteOffset, byteLength).slice().buffer);
  const copy: object = Uint8Array.prototype.slice.call(original);
  const own = builtIn === undefined ? undefined : (Reflect.get(globalThis, builtIn) as Uint8ArrayConstructor);
  // Of another realm, it keeps the class that it has there.
  return own === undefined || copy instanceof own ? copy : new own(copy as Uint8Array);
}

function nameOf(prototype: unknown): string {
  const { constructor } = prototype as { readonly constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "a class";
}

function uncopyable(what: string): CacheError {
  return new CacheError(
    "INVALID_VALUE",
    `The value holds ${what}, which cannot be copied. Store plain data (objects, arrays, dates, maps, sets, ` +
      'bytes), or make the store with values: "shared".',
  );
}
