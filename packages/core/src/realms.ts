/*
 * Each realm (a vm context, a frame, the sandbox of a test runner) has built-in classes of its own, so that `instanceof`
 * says no to a Map that was made next door. What a user hands in is asked here instead.
 */

/** The built-in classes whose instances are told apart. */
const BUILT_INS = [
  ...["Object", "Array", "Map", "Set", "Date", "RegExp", "URL", "ArrayBuffer", "DataView"],
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
  ...["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
] as const;

/** The name of a built-in class. */
export type BuiltIn = (typeof BUILT_INS)[number];

const NAMES: ReadonlySet<unknown> = new Set(BUILT_INS);
const ERROR_TAG = /^\[object (Error|DOMException)\]$/;

/** The answers so far, by prototype. */
const kinds = new WeakMap<object, { readonly name: BuiltIn | undefined }>();

/**
 * The built-in class, of whatever realm, that `value` is an instance of, and of no class derived from it. An object
 * without a prototype is an `Object`.
 */
export function builtInOf(value: object): BuiltIn | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return "Object";
  const known = kinds.get(prototype);
  if (known !== undefined) return known.name;
  const name = nameOf(prototype);
  kinds.set(prototype, { name });
  return name;
}

/** Whether `value` is an error, of whatever realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || ERROR_TAG.test(tagOf(value));
}

/** Whether `value` is a map, of whatever realm. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return value instanceof Map || tagOf(value) === "[object Map]";
}

/** Whether `value` is a set, of whatever realm. */
export function isSet(value: unknown): value is ReadonlySet<unknown> {
  return value instanceof Set || tagOf(value) === "[object Set]";
}

/** Whether `value` is a `Uint8Array`, of whatever realm, or of a class derived from it such as `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === "[object Uint8Array]";
}

/** What an error says, or what was thrown in place of one. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

function tagOf(value: unknown): string {
  return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : "";
}

function nameOf(prototype: object): BuiltIn | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof constructor !== "function" || !NAMES.has(constructor.name)) return undefined;
  const name = constructor.name as BuiltIn;
  // Clocks for tests put a class derived from Date in its place, and call it Date.
  if (name === "Date" && builtInOf(prototype) === "Date") return name;
  return Reflect.get(constructor, "prototype") === prototype && isBroughtAlong(constructor) ? name : undefined;
}

/** Whether the runtime brings the class along: one of the same name that a program has written shows its source. */
function isBroughtAlong(constructor: object): boolean {
  // URL is no part of the language: Node and jsdom have written theirs in JavaScript.
  const isUrl = Reflect.get(Reflect.get(constructor, "prototype"), Symbol.toStringTag) === "URL";
  return isUrl || /\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
}
