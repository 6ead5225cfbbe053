import { builtInOf, isError, isMap, isSet } from "@granary/core";

const ERROR_PARTS: ReadonlySet<string> = new Set(["name", "message", "cause"]);

type Pair = readonly [left: unknown, right: unknown];

/**
 * Whether two values are the same to any reader: `Object.is` on primitives, the same class, the same parts. A class of
 * the language is the same in every realm.
 * Maps, sets, properties and cycles are compared in depth; the order of properties does not matter.
 * Errors are compared by class, name, message, cause and own enumerable properties, since a stack does not travel.
 */
export function isEqual(left: unknown, right: unknown): boolean {
  const seen = new Map<unknown, unknown>();
  const todo: Pair[] = [[left, right]];
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const [one, other] = pair;
    if (Object.is(one, other)) continue;
    if (!isObject(one) || !isObject(other)) return false;
    if (seen.get(one) === other) continue;
    seen.set(one, other);
    const parts = pairParts(one, other);
    if (parts === undefined) return false;
    for (const part of parts) todo.push(part);
  }
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The parts that must be equal for two objects to be; `undefined` where the objects differ already. */
function pairParts(one: object, other: object): Pair[] | undefined {
  if (!areOfOneClass(one, other)) return undefined;
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) return haveSameBytes(one, other) ? [] : undefined;
  const inside = pairInside(one, other);
  const properties = pairProperties(one, other);
  return inside === undefined || properties === undefined ? undefined : [...inside, ...properties];
}

function areOfOneClass(one: object, other: object): boolean {
  const prototypes: readonly unknown[] = [Object.getPrototypeOf(one), Object.getPrototypeOf(other)];
  if (prototypes[0] === prototypes[1]) return true;
  const builtIn = builtInOf(one);
  return builtIn !== undefined && builtIn === builtInOf(other) && !prototypes.includes(null);
}

/** What an object holds beside its properties. */
function pairInside(one: object, other: object): Pair[] | undefined {
  if (isMap(one) && isMap(other)) return pairLists([...one].flat(), [...other].flat());
  if (isSet(one) && isSet(other)) return pairLists([...one], [...other]);
  if (isError(one) && isError(other))
    return pairLists([one.name, one.message, one.cause], [other.name, other.message, other.cause]);
  const tag = tagOf(one);
  if (tag !== tagOf(other)) return undefined;
  if (tag === "Date") return [[Number(one), Number(other)]];
  if (tag === "RegExp" || tag === "URL") return [[String(one), String(other)]];
  if (tag === "ArrayBuffer") return [[new Uint8Array(one as ArrayBuffer), new Uint8Array(other as ArrayBuffer)]];
  return [];
}

/** The kind of an object, of whatever realm. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function haveSameBytes(one: ArrayBufferView, other: ArrayBufferView): boolean {
  const [bytes, others] = [bytesOf(one), bytesOf(other)];
  return bytes.length === others.length && bytes.every((byte, at) => byte === others[at]);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function pairLists(one: readonly unknown[], other: readonly unknown[]): Pair[] | undefined {
  return one.length === other.length ? one.map((part, index) => [part, other[index]] as const) : undefined;
}

function pairProperties(one: object, other: object): Pair[] | undefined {
  const keys = propertiesOf(one);
  if (keys.length !== propertiesOf(other).length || lengthOf(one) !== lengthOf(other)) return undefined;
  if (!keys.every((key) => Object.hasOwn(other, key))) return undefined;
  return keys.map((key) => [Reflect.get(one, key), Reflect.get(other, key)] as const);
}

/** What an error is compared by anyway may be a property of its own or not. */
function propertiesOf(value: object): string[] {
  const keys = Object.keys(value);
  return isError(value) ? keys.filter((key) => !ERROR_PARTS.has(key)) : keys;
}

function lengthOf(value: object): number {
  return Array.isArray(value) ? value.length : 0;
}
