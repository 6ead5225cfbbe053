import { isJsonNumber } from "./kinds.js";

/** Numbers as JSON has them, with text in place of those that it lacks, and of bigints. */
type BytesItem = number | string;

/** Bytes and lists of numbers as superjson 2.2.7 writes typed arrays. */
export interface BytesForm {
  /**
   * `["typed-array", name]`. What superjson has no form for is written as a `Uint8Array`, which is what it reads, and has
   * a third part that only we read: the class to bring back.
   */
  readonly type: readonly [kind: "typed-array", name: string, as?: string];
  readonly items: readonly BytesItem[];
}

type TypedArray = ArrayLike<number> | ArrayLike<bigint>;

const INTEGERS = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Uint8ClampedArray,
} as const;
const FLOATS = { Float32Array, Float64Array } as const;
const BIGINTS = { BigInt64Array, BigUint64Array } as const;
const NUMBERS = { ...INTEGERS, ...FLOATS };

/** Every class of typed arrays that is carried. */
export const TYPED_ARRAYS = Object.values({ ...NUMBERS, ...BIGINTS });
const CLASSES: ReadonlySet<string> = new Set(Object.keys({ ...NUMBERS, ...BIGINTS }));

const ODD_NUMBERS: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity", "-0"]);
/** No 64 bits have more digits. */
const BIGINT_ITEM = /^-?\d{1,20}$/;

// Both answer for values of any realm, and for nothing that only says that it is one.
const tagOfTypedArray = getterOf(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);
const lengthOfArrayBuffer = getterOf(ArrayBuffer.prototype, "byteLength");

/** How the bytes of `value` are written; `undefined` where `isBytes` says no. */
export function bytesForm(value: object): BytesForm | undefined {
  const name = classNameOf(value);
  if (name === undefined) return undefined;
  if (!CLASSES.has(name)) return { type: ["typed-array", "Uint8Array", name], items: [...bytesOf(value)] };
  return { type: ["typed-array", name], items: itemsOf(name, value as TypedArray) };
}

/** Whether `value` is a typed array, a buffer or a view that is carried, and not of a class derived from one. */
export function isBytes(value: object): boolean {
  return classNameOf(value) !== undefined;
}

/** The name of its class, where that is one that is carried. */
function classNameOf(value: object): string | undefined {
  const name = (value.constructor as { readonly name?: unknown } | undefined)?.name;
  if (!ArrayBuffer.isView(value)) return name === "ArrayBuffer" && isArrayBuffer(value) ? name : undefined;
  const tag = tagOfTypedArray.call(value);
  if (tag === undefined) return name === "DataView" ? name : undefined;
  const isCarried = (name === tag && CLASSES.has(name as string)) || (name === "Buffer" && tag === "Uint8Array");
  return isCarried ? (name as string) : undefined;
}

function bytesOf(value: object): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value as ArrayBuffer);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** The value of a form. `undefined` where it is none. */
export function fromBytesForm(type: readonly unknown[], items: unknown): object | undefined {
  const [, name, as] = type;
  if (typeof name !== "string" || !Array.isArray(items)) return undefined;
  if (Object.hasOwn(BIGINTS, name)) {
    if (type.length !== 2 || !items.every(isBigintItem)) return undefined;
    return new BIGINTS[name as keyof typeof BIGINTS](items.map(BigInt));
  }
  if (!Object.hasOwn(NUMBERS, name) || !items.every(name in FLOATS ? isFloatItem : isNumber)) return undefined;
  const numbers = NUMBERS[name as keyof typeof NUMBERS].from(items as number[]);
  if (type.length === 2) return numbers;
  return type.length === 3 && name === "Uint8Array" ? bytesAs(as, numbers as Uint8Array<ArrayBuffer>) : undefined;
}

/** Whether `one` and `other` are of one class, and hold the same bytes. */
export function areSameBytes(one: BytesForm, other: BytesForm): boolean {
  if (one.type.join() !== other.type.join() || one.items.length !== other.items.length) return false;
  return one.items.every((item, at) => item === other.items[at]);
}

function bytesAs(as: unknown, bytes: Uint8Array<ArrayBuffer>): object | undefined {
  if (as === "ArrayBuffer") return bytes.buffer;
  if (as === "DataView") return new DataView(bytes.buffer);
  return as === "Buffer" ? toBuffer(bytes) : undefined;
}

/** A `Buffer` where there are any: not in browsers. */
function toBuffer(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { from(buffer: ArrayBuffer): Uint8Array } };
  return Buffer === undefined ? bytes : Buffer.from(bytes.buffer);
}

function itemsOf(name: string, array: TypedArray): readonly BytesItem[] {
  const items = Array.from<number | bigint>(array);
  if (name in INTEGERS) return items as number[];
  return items.map((item) => (typeof item === "number" && isJsonNumber(item) ? item : textOf(item)));
}

function textOf(item: number | bigint): string {
  return Object.is(item, -0) ? "-0" : `${item}`;
}

function isArrayBuffer(value: object): boolean {
  try {
    return typeof lengthOfArrayBuffer.call(value) === "number";
  } catch {
    return false;
  }
}

function getterOf(prototype: object, name: string | symbol): () => unknown {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return getter ?? (() => undefined);
}

function isNumber(item: unknown): item is number {
  return typeof item === "number";
}

function isFloatItem(item: unknown): boolean {
  return isNumber(item) || ODD_NUMBERS.has(item);
}

function isBigintItem(item: unknown): item is string {
  return typeof item === "string" && BIGINT_ITEM.test(item);
}
