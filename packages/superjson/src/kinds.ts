/** Keys that superjson refuses, since a reader could be made to write to a prototype. */
export function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** Whether JSON text can hold `value`: neither NaN, nor infinite, nor negative zero. */
export function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}

/** Whether `value` is written as `{}` is: of no class. `Object.prototype` itself is not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype === null && value !== Object.prototype);
}

/** The typed arrays that superjson brings back, by name. */
export const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  Uint8ClampedArray,
} as const;

/** One of `TYPED_ARRAYS`. */
export type TypedArray = InstanceType<(typeof TYPED_ARRAYS)[keyof typeof TYPED_ARRAYS]>;

const TYPED_ARRAY_PROTOTYPES: ReadonlySet<unknown> = new Set(
  Object.values(TYPED_ARRAYS).map(({ prototype }) => prototype),
);

/** Whether `value` is a typed array that superjson brings back, and not of a class derived from one. */
export function isTypedArray(value: object): value is TypedArray {
  return ArrayBuffer.isView(value) && TYPED_ARRAY_PROTOTYPES.has(Object.getPrototypeOf(value));
}

/** Whether its numbers survive: superjson writes NaN, the infinities and -0 within a typed array as null and 0. */
export function hasJsonNumbers(array: TypedArray): boolean {
  if (!(array instanceof Float32Array || array instanceof Float64Array)) return true;
  return array.every(isJsonNumber);
}
