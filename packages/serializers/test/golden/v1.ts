import type { Serializer } from "@granary/core";
import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { raw } from "../support/serializers.js";

/** One file of `golden/v1`, and the value that it holds. */
export interface Golden {
  readonly file: string;
  readonly value: unknown;
  readonly reader: Serializer;
  /** Whether it needs an algorithm that not every Node has. */
  readonly needsZstd?: true;
}

export const goldenKeys = [
  { name: "2026-11", key: Uint8Array.from({ length: 32 }, (_, i) => i) },
  { name: "2026-05", key: Uint8Array.from({ length: 32 }, (_, i) => 255 - i) },
];

export const goldenValue = { name: "Ada", notes: "granary ".repeat(20), born: new Date(-4_858_272_000_000) };
const numbers = [...Array.from({ length: 60 }, () => 7), 0, 255];
const texts = { value: goldenValue, reader: compressed(superjsonSerializer) };
const bytes = { value: numbers, reader: compressed(raw) };
const secrets = { value: goldenValue, reader: encrypted(superjsonSerializer, { keys: goldenKeys }) };

/** Never change a row, and never write a file again: these are bytes that lie in somebody's Redis. */
export const goldenV1: readonly Golden[] = [
  { file: "left-as-text.bin", ...texts },
  { file: "gzip-text.bin", ...texts },
  { file: "brotli-text.bin", ...texts },
  { file: "zstd-text.bin", ...texts, needsZstd: true },
  { file: "left-as-bytes.bin", ...bytes },
  { file: "gzip-bytes.bin", ...bytes },
  { file: "brotli-bytes.bin", ...bytes },
  { file: "zstd-bytes.bin", ...bytes, needsZstd: true },
  { file: "stored-bytes.bin", ...bytes, value: [0xff, 0x63, 0x31, 1, 2, 3] },
  { file: "encrypted-text.bin", ...secrets },
  { file: "encrypted-under-old-key.bin", ...secrets },
  { file: "encrypted-bytes.bin", value: numbers, reader: encrypted(raw, { keys: goldenKeys }) },
  { file: "compressed-then-encrypted.bin", value: goldenValue, reader: encrypted(texts.reader, { keys: goldenKeys }) },
];
