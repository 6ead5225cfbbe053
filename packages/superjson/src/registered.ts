import type { SuperJSON } from "superjson";

type Constructor = Parameters<SuperJSON["registerClass"]>[0];

/** The class that `value` is an instance of, where the user registered it. */
export function registeredClass(value: object, instance: SuperJSON): Constructor | undefined {
  const { constructor } = value as { readonly constructor?: unknown };
  if (typeof constructor !== "function") return undefined;
  const one = constructor as Constructor;
  return instance.classRegistry.getIdentifier(one) === undefined ? undefined : one;
}

/** What superjson writes of an instance of a registered class: the properties allowed, or else its own. */
export function propertiesOf(value: object, constructor: Constructor, instance: SuperJSON): Record<string, unknown> {
  const allowed = instance.classRegistry.getAllowedProps(constructor);
  if (allowed === undefined) return { ...value };
  return Object.fromEntries(allowed.map((key) => [key, Reflect.get(value, key)]));
}

/** Whether one of the user's transformers takes `value`. What it makes of it is its own affair. */
export function isClaimed(value: unknown, instance: SuperJSON): boolean {
  return instance.customTransformerRegistry.findApplicable(value) !== undefined;
}
