/** `value` as an error message names it. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) {
    const maker: unknown = (value as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
    return maker === "Object"
      ? "an object"
      : `an instance of ${typeof maker === "string" && maker !== "" ? maker : "an unknown class"}`;
  }
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return typeof value === "bigint" ? `the bigint ${value}` : String(value);
}
