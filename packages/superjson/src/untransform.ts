import type { SuperJSON, SuperJSONResult } from "superjson";
import { isRecord, TYPED_ARRAYS } from "./kinds.js";
import { unreadable } from "./unreadable.js";

type Meta = NonNullable<SuperJSONResult["meta"]>;

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

/** The value that superjson wrote as `json` and noted as of `type`. Throws where that form is not one of that type. */
export function untransform(json: unknown, type: unknown, instance: SuperJSON): unknown {
  if (Array.isArray(type)) return untransformNamed(json, type, instance);
  switch (type) {
    case "undefined":
      return json === null ? undefined : misfit(type);
    case "number":
      return NUMBERS.get(json) ?? misfit(type);
    case "set":
      return Array.isArray(json) ? new Set<unknown>(json) : misfit(type);
    case "map":
      return Array.isArray(json) && json.every(isPair) ? new Map<unknown, unknown>(json) : misfit(type);
    case "Error":
      return isRecord(json) && "name" in json && "message" in json ? byInstance(json, type, instance) : misfit(type);
    default:
      return typeof json === "string" ? untransformText(json, type) : misfit(type);
  }
}

function untransformText(text: string, type: unknown): unknown {
  switch (type) {
    case "bigint":
      return /^-?\d+$/.test(text) ? BigInt(text) : misfit(type);
    case "Date":
      return dateOf(text);
    case "regexp":
      return regExpOf(text);
    case "URL":
      return new URL(text);
    default:
      return misfit(type);
  }
}

/** Of a type that has a name: a typed array, or what the user registered. */
function untransformNamed(json: unknown, type: readonly unknown[], instance: SuperJSON): unknown {
  const [kind, name] = type;
  if (type.length !== 2 || typeof name !== "string") return misfit(kind);
  if (kind === "typed-array") return typedArrayOf(json, name);
  const isFitting = kind === "custom" || (kind === "class" ? isRecord(json) : kind === "symbol");
  return isFitting ? byInstance(json, type, instance) : misfit(kind);
}

function byInstance(json: unknown, type: unknown, instance: SuperJSON): unknown {
  const meta = { values: [type], v: 1 } as Meta;
  return instance.deserialize({ json: json as SuperJSONResult["json"], meta }, { inPlace: true });
}

function typedArrayOf(json: unknown, name: string): unknown {
  const isKnown = Object.hasOwn(TYPED_ARRAYS, name);
  if (!isKnown || !Array.isArray(json) || !json.every(isNumber)) return misfit(name);
  return new TYPED_ARRAYS[name as keyof typeof TYPED_ARRAYS](json);
}

function dateOf(text: string): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? misfit("Date") : date;
}

function regExpOf(text: string): RegExp {
  const end = text.lastIndexOf("/");
  return text.startsWith("/") && end > 0 ? new RegExp(text.slice(1, end), text.slice(end + 1)) : misfit("regexp");
}

function isPair(json: unknown): boolean {
  return Array.isArray(json) && json.length === 2;
}

function isNumber(json: unknown): json is number {
  return typeof json === "number";
}

function misfit(type: unknown): never {
  throw unreadable(`a value does not have the form of its type, ${JSON.stringify(type)}`);
}
