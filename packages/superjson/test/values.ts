import fc from "fast-check";

/** How many generated values each property looks at. */
export const RUNS = Number(process.env["GRANARY_RUNS"] ?? (process.env["GRANARY_FULL"] === "1" ? 1_000_000 : 30_000));

const key = fc
  .oneof(
    { arbitrary: fc.constantFrom("a", "b", "id", "0", "1", "10", "-1", "01", "4294967294", "4294967295"), weight: 6 },
    {
      arbitrary: fc.constantFrom("", ".", "a.b", "\\", "a\\.b", '"', "\u0000", "\ud800", "toString", "json"),
      weight: 3,
    },
    { arbitrary: fc.string({ unit: "binary", maxLength: 4 }), weight: 1 },
  )
  .filter((text) => !["__proto__", "constructor", "prototype"].includes(text));

const number = fc.oneof(
  fc.constantFrom(0, 1, -1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, 5e-324, 0.1),
  fc.double(),
  fc.integer(),
);
/** The length from which on text is written in another way, and both sides of it, with and without escapes. */
const longText = fc
  .tuple(fc.integer({ min: 46, max: 50 }), fc.constantFrom("", '"', "\ud800", "é"))
  .map(([length, odd]) => odd.padStart(length, "x"));
const text = fc.oneof(
  fc.constantFrom("", "NaN", "null", "\ud800", "\udc00x", "\u2028", "\u007f", "é", "😀"),
  { arbitrary: fc.string({ maxLength: 6 }), weight: 2 },
  fc.string({ unit: "binary", maxLength: 3 }),
  longText,
);
const bigint = fc.oneof(fc.constantFrom(0n, 1n, -1n), fc.bigInt());
const date = fc
  .oneof(
    fc.constantFrom(0, -1, 8.64e15, -8.64e15, -62167219200001, 253402300799999, 253402300800000),
    fc.integer({ min: Date.UTC(999, 11), max: Date.UTC(10_000, 1) }),
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
  )
  .map((ms) => new Date(ms));
const other = fc
  .constantFrom<() => unknown>(
    () => /a\/[\]/.]/giu,
    () => new RegExp(""),
    () => /\n/s,
    () => new URL("https://example.org/a?b=c#d"),
    () => new Uint8Array([0, 255]),
    () => new Float64Array([1.5, -2]),
    () => new Uint8ClampedArray(),
  )
  .map((make) => make());

/** Null, text, booleans and finite numbers, nested in arrays and records. */
export const plainValue = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), text, fc.integer()),
    tie("list"),
    tie("record"),
  ),
  list: fc.array(tie("any"), { maxLength: 4 }),
  record: fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
})).any;

/** Every kind that superjson carries by itself but errors, which gain properties of their own, nested in each other. */
export const richValue = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    tie("list"),
    tie("record"),
    tie("map"),
    tie("set"),
  ),
  leaf: fc.oneof(fc.constantFrom(undefined, null, true, false), text, number, bigint, date, other),
  list: fc.array(tie("any"), { maxLength: 4 }),
  record: fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
  map: fc.array(fc.tuple(tie("any"), tie("any")), { maxLength: 3 }).map((entries) => new Map(entries)),
  set: fc.array(tie("any"), { maxLength: 3 }).map((items) => new Set(items)),
})).any;

/** Records and arrays in which objects of a small pool occur again and again, also within themselves. */
export const tangledValue = fc
  .tuple(
    fc.array(richValue, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(4)), { maxLength: 6 }),
  )
  .map(([values, edges]) => {
    const pool: unknown[] = [{}, [], new Map(), ...values];
    for (const [from, to, slot] of edges) tie(pool[from % pool.length], pool[to % pool.length], slot);
    return { first: pool[0], rest: pool };
  });

function tie(holder: unknown, value: unknown, slot: number): void {
  if (Array.isArray(holder)) holder.push(value);
  else if (holder instanceof Map) holder.set(slot < 2 ? value : `k${slot}`, value);
  else if (holder instanceof Set) holder.add(value);
  else if (
    typeof holder === "object" &&
    holder !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(holder))
  ) {
    (holder as Record<string, unknown>)[`k${slot}`] = value;
  }
}
