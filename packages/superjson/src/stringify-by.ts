import type { SuperJSON } from "superjson";
import { type BytesForm, bytesForm } from "./bytes.js";
import { isRecord } from "./kinds.js";

type Transformers = SuperJSON["customTransformerRegistry"];
type Transformer = NonNullable<ReturnType<Transformers["findApplicable"]>>;

/** Stands in a note where superjson was told that a transformer of ours has written the bytes. */
const OURS = "@granary/bytes ";

/**
 * What `instance.stringify(value)` writes, but for bytes: these are written in our form, since older versions of
 * superjson lose some typed arrays, and all of them a `Buffer`.
 */
export function stringifyBy(instance: SuperJSON, value: unknown): string {
  const customTransformerRegistry = withBytes(instance.customTransformerRegistry);
  const own = Object.create(instance, { customTransformerRegistry: { value: customTransformerRegistry } }) as SuperJSON;
  const { json, meta } = own.serialize(value);
  if (meta?.values === undefined) return JSON.stringify({ json, meta });
  return JSON.stringify({ json, meta: { ...meta, values: withTypes(meta.values) } });
}

/** The transformers of the user, and behind them one for bytes. */
function withBytes(given: Transformers): Pick<Transformers, "findApplicable" | "findByName"> & { size: number } {
  return {
    size: 1,
    findApplicable: (value) => given.findApplicable(value) ?? (byteTransformer(value) as never),
    findByName: (name) => given.findByName(name),
  };
}

function byteTransformer(value: unknown): Transformer | undefined {
  const form = typeof value === "object" && value !== null ? bytesForm(value) : undefined;
  return form && transformerOf(form);
}

function transformerOf({ type, items }: BytesForm): Transformer {
  return {
    name: OURS + JSON.stringify(type),
    isApplicable: (_value): _value is never => true,
    serialize: () => items as never,
    deserialize: (json) => json as never,
  };
}

/** Notes as superjson makes them, with the types of bytes in place of the names of our transformer. */
function withTypes(note: unknown): unknown {
  if (Array.isArray(note)) {
    const [type, ...inner] = note as unknown[];
    return [typeOf(type), ...inner.map(withTypes)];
  }
  if (!isRecord(note)) return note;
  return Object.fromEntries(Object.entries(note).map(([path, within]) => [path, withTypes(within)]));
}

function typeOf(type: unknown): unknown {
  if (!Array.isArray(type)) return type;
  const name: unknown = type[1];
  return typeof name === "string" && name.startsWith(OURS) ? (JSON.parse(name.slice(OURS.length)) as unknown) : type;
}
