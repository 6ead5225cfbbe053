import type { CacheEntry, Serializer } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";

/** One file of `golden/v2`, and the entry that it holds. */
export interface Golden {
  readonly file: string;
  readonly entry: CacheEntry;
  readonly serializer: Serializer;
}

/** Plain JSON, and a serializer that gives bytes which are not UTF-8. */
export const json: Serializer = { encode: JSON.stringify, decode: (data) => JSON.parse(asText(data)) as unknown };
export const bytes: Serializer = {
  encode: (value) => Uint8Array.from(value as number[]),
  decode: (data) => Array.from(data as Uint8Array),
};

const createdAt = 1_800_000_000_000;
const shortLived = { createdAt, freshUntil: createdAt + 60_000, keepUntil: createdAt + 360_000 };
const endless = { createdAt, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY };

/** As a record has it whose server's time is that of `createdAt`. */
const ONE_LEVEL = "4f1mzq8k2x7c0a9e.1800000000000000";

/** Never change a row, and never write a file again: these are bytes that lie in somebody's Redis. */
export const goldenV2: readonly Golden[] = [
  { file: "text.bin", serializer: json, entry: { ...shortLived, value: { id: 7, name: "Ada" } } },
  { file: "bytes.bin", serializer: bytes, entry: { ...shortLived, value: [0, 10, 13, 127, 128, 254, 255] } },
  { file: "no-bytes.bin", serializer: bytes, entry: { ...shortLived, value: [] } },
  { file: "never.bin", serializer: json, entry: { ...endless, value: true } },
  { file: "kept-for-ever.bin", serializer: json, entry: { ...shortLived, keepUntil: endless.keepUntil, value: null } },
  { file: "before-1970.bin", serializer: json, entry: { createdAt: -2, freshUntil: -1, keepUntil: 0, value: 0 } },
  { file: "generation.bin", serializer: json, entry: { ...shortLived, value: "one level", generations: ONE_LEVEL } },
  {
    file: "generations-and-meta.bin",
    serializer: json,
    entry: { ...shortLived, value: 1, tags: ["a"], generations: `${ONE_LEVEL},k3v9.9007199254740991` },
  },
  {
    file: "generations-and-bytes.bin",
    serializer: bytes,
    entry: { ...endless, value: [10], generations: ONE_LEVEL },
  },
  {
    file: "meta.bin",
    serializer: json,
    entry: {
      ...shortLived,
      value: "a page",
      tags: ["team:7", "two words", ""],
      etag: 'W/"33a64df5"',
      lastModified: "Wed, 21 Oct 2026 07:28:00 GMT",
    },
  },
  { file: "no-tags.bin", serializer: json, entry: { ...shortLived, value: 1, tags: [] } },
  {
    file: "non-ascii.bin",
    serializer: json,
    entry: { ...shortLived, value: "Käse\n🧀 \ud83e", tags: ["größe", "🧀", "\ud83e", "line\nbreak"] },
  },
  {
    file: "meta-and-bytes.bin",
    serializer: bytes,
    entry: { ...endless, value: [10, 0, 10], tags: ["größe"], etag: "1" },
  },
  {
    file: "superjson.bin",
    serializer: superjsonSerializer,
    entry: { ...shortLived, value: { at: new Date(createdAt), seen: new Set(["a"]), big: 5n, gone: undefined } },
  },
];

function asText(data: string | Uint8Array): string {
  return typeof data === "string" ? data : new TextDecoder().decode(data);
}
