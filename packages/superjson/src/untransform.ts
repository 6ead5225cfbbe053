import type { SuperJSON, SuperJSONResult } from "superjson";
import { fromBytesForm } from "./bytes.js";
import { isRecord } from "./kinds.js";
import { isReadableRegExp, isReadableUrl, MOST_BIGINT_DIGITS } from "./limits.js";
import { unreadable } from "./unreadable.js";

type Meta = NonNullable<SuperJSONResult["meta"]>;

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

const BIGINT = new RegExp(`^-?\\d{1,${MOST_BIGINT_DIGITS}}$`);

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
      return isErrorForm(json) ? byInstance(json, type, instance) : misfit(type);
    default:
      return typeof json === "string" ? untransformText(json, type) : misfit(type);
  }
}

function untransformText(text: string, type: unknown): unknown {
  switch (type) {
    case "bigint":
      return BIGINT.test(text) ? BigInt(text) : misfit(type);
    case "Date":
      return dateOf(text);
    case "regexp":
      return regExpOf(text);
    case "URL":
      return isReadableUrl(text) ? new URL(text) : misfit(type);
    default:
      return misfit(type);
  }
}

/** Of a type that has a name: a typed array, or what the user registered. */
function untransformNamed(json: unknown, type: readonly unknown[], instance: SuperJSON): unknown {
  const [kind, name] = type;
  if (kind === "typed-array") return fromBytesForm(type, json) ?? misfit(type);
  if (type.length !== 2 || typeof name !== "string") return misfit(kind);
  const isFitting = kind === "custom" || (kind === "class" ? isRecord(json) : kind === "symbol");
  return isFitting ? byInstance(json, type, instance) : misfit(kind);
}

function byInstance(json: unknown, type: unknown, instance: SuperJSON): unknown {
  const meta = { values: [type], v: 1 } as Meta;
  return instance.deserialize({ json: json as SuperJSONResult["json"], meta }, { inPlace: true });
}

function dateOf(text: string): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? misfit("Date") : date;
}

function regExpOf(text: string): RegExp {
  const end = text.lastIndexOf("/");
  if (!isReadableRegExp(text)) return misfit("regexp");
  return text.startsWith("/") && end > 0 ? new RegExp(text.slice(1, end), text.slice(end + 1)) : misfit("regexp");
}

function isPair(json: unknown): boolean {
  return Array.isArray(json) && json.length === 2;
}

function isErrorForm(json: unknown): boolean {
  return (
    isRecord(json) && ["name", "message"].every((part) => Object.hasOwn(json, part) && typeof json[part] === "string")
  );
}

function misfit(type: unknown): never {
  throw unreadable(`a value does not have the form of its type, ${JSON.stringify(type)}`);
}
