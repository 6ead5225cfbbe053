/** A value that every store and serializer has to carry unchanged. */
export interface ValueRow {
  /** Stands in the name of a case. */
  readonly name: string;
  /** Makes it anew, so that no case sees what another did to it. */
  make(): unknown;
}

/** A row for a value that cannot be changed, so that one will do. */
function row(name: string, value: unknown): ValueRow {
  return { name, make: () => value };
}

const MILLION = 1_000_000;

/** Values that are lost or bent most easily on their way through bytes. */
export const valueTable: readonly ValueRow[] = [
  row("undefined", undefined),
  row("null", null),
  row("true", true),
  row("false", false),
  row("0", 0),
  row("-0", -0),
  row("NaN", Number.NaN),
  row("Infinity", Number.POSITIVE_INFINITY),
  row("-Infinity", Number.NEGATIVE_INFINITY),
  row("the largest safe integer", Number.MAX_SAFE_INTEGER),
  row("the smallest number above 0", Number.MIN_VALUE),
  row("the largest number", Number.MAX_VALUE),
  row("a fraction", 0.1 + 0.2),
  row("a bigint", 123_456_789_012_345_678_901_234_567_890n),
  row("a negative bigint", -1n),
  row("an empty string", ""),
  row("a string that looks like JSON", '{"json":{"a":1}}'),
  row("a string that looks like a number", "007"),
  row("a string of control characters", "\u0000\n\r\t\u2028\u2029\u007f"),
  row("a string beyond Latin", "žluťoučký 🐎 漢字 e\u0301"),
  row("a lone high surrogate", "a\ud800b"),
  row("a lone low surrogate", "\udc00"),
  row("a string of a million characters", "granary ".repeat(MILLION / 8)),
  { name: "an empty object", make: () => ({}) },
  { name: "an empty array", make: () => [] },
  { name: "undefined inside an object", make: () => ({ here: undefined, there: 1 }) },
  { name: "undefined, null and NaN inside an array", make: () => [undefined, null, Number.NaN, -0] },
  { name: "keys with dots and slashes", make: () => ({ "a.b": { c: 1 }, "": 2, "x\\.y": [3], "0": 4 }) },
  { name: "a date", make: () => new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 123)) },
  { name: "a date before 1970", make: () => new Date(-1) },
  {
    name: "a map",
    make: () =>
      new Map<unknown, unknown>([
        ["a", 1],
        [2, new Map([["b", null]])],
      ]),
  },
  { name: "an empty map", make: () => new Map() },
  { name: "a set", make: () => new Set<unknown>(["a", 1, null, undefined]) },
  { name: "an empty set", make: () => new Set() },
  { name: "a regular expression", make: () => /a\/b+[c"]/giu },
  { name: "a URL", make: () => new URL("https://example.org/a%20b?q=ž#top") },
  { name: "bytes", make: () => Uint8Array.of(0, 10, 13, 127, 128, 255) },
  { name: "an error", make: () => new Error("it failed: ž") },
  {
    name: "all of these, nested",
    make: () => ({
      user: { id: 7n, born: new Date(0), tags: new Set(["a", "b"]), notes: null, nick: undefined },
      list: [{ at: new Date(86_400_000) }, new Map([["k", new Set([-0, Number.NaN])]])],
    }),
  },
  {
    name: "an object that occurs twice",
    make: () => {
      const shared = { n: 1 };
      return { left: shared, right: shared, list: [shared] };
    },
  },
  { name: "an array of ten thousand numbers", make: () => Array.from({ length: 10_000 }, (_, n) => n) },
  { name: "an object a hundred levels deep", make: () => nest(100) },
];

function nest(levels: number): unknown {
  let value: unknown = "deep";
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { inner: value };
  return value;
}
