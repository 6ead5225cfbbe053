import { type BuiltIn, builtInOf, isError, isMap, isSet } from "@granary/core";

/**
 * `value` as it would be had it been made in this realm: superjson asks by `instanceof`, and takes a map, a date or a
 * record of another realm (a vm context, the sandbox of a test runner) for an instance of an unknown class. `value`
 * itself where all of it is of this realm. Instances of other classes, and bytes, stay as they are.
 */
export function adopt(value: unknown): unknown {
  return holdsStranger(value) ? adoptPart(value, new Map()) : value;
}

type Copies = Map<object, object>;
type Adopter = (original: never, copies: Copies) => object;

function holdsStranger(value: unknown): boolean {
  const seen = new Set<unknown>();
  const todo = [value];
  while (todo.length > 0) {
    const part = todo.pop();
    if (typeof part !== "object" || part === null || seen.has(part)) continue;
    seen.add(part);
    const builtIn = builtInOf(part);
    if (builtIn === undefined || !ADOPTERS.has(builtIn)) continue;
    if (isStranger(part, builtIn)) return true;
    for (const inner of partsOf(part)) todo.push(inner);
  }
  return false;
}

function isStranger(part: object, builtIn: BuiltIn): boolean {
  const prototype: unknown = Object.getPrototypeOf(part);
  return prototype !== null && prototype !== (Reflect.get(globalThis, builtIn) as { prototype?: unknown }).prototype;
}

function partsOf(part: object): readonly unknown[] {
  const properties = namesOf(part).map((name): unknown => Reflect.get(part, name));
  if (isMap(part)) return [...properties, ...part.keys(), ...part.values()];
  return isSet(part) ? [...properties, ...part] : properties;
}

/** What is read of it by name: of an error also what is not enumerable. */
function namesOf(part: object): readonly string[] {
  return isError(part) ? Object.getOwnPropertyNames(part) : Object.keys(part);
}

function adoptPart(part: unknown, copies: Copies): unknown {
  if (typeof part !== "object" || part === null) return part;
  const known = copies.get(part);
  if (known !== undefined) return known;
  const adopter = ADOPTERS.get(builtInOf(part));
  if (adopter === undefined) return part;
  const copy = adopter(part as never, copies);
  copies.set(part, copy);
  // Those of a date or a map too: what superjson would drop is refused, here as there.
  for (const name of namesOf(part)) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(part, name);
    const property = {
      configurable: true,
      writable: true,
      enumerable,
      value: adoptPart(Reflect.get(part, name), copies),
    };
    Object.defineProperty(copy, name, property);
  }
  if (isMap(part))
    for (const [key, item] of part)
      (copy as Map<unknown, unknown>).set(adoptPart(key, copies), adoptPart(item, copies));
  if (isSet(part)) for (const item of part) (copy as Set<unknown>).add(adoptPart(item, copies));
  return copy;
}

const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/** Makes an empty one of this realm, which its properties and parts are put into. */
const ADOPTERS: ReadonlyMap<BuiltIn | undefined, Adopter> = new Map<BuiltIn | undefined, Adopter>([
  ["Object", (record: object) => (Object.getPrototypeOf(record) === null ? Object.create(null) : {}) as object],
  ["Array", (array: readonly unknown[]) => new Array(array.length)],
  ["Map", () => new Map()],
  ["Set", () => new Set()],
  ["Date", (date: Date) => new Date(date.getTime())],
  ["RegExp", ({ source, flags }: RegExp) => new RegExp(source, flags)],
  ["URL", (url: URL) => new URL(String(url))],
  ...ERRORS.map((one) => [one.name as BuiltIn, (): object => new one()] as const),
]);
