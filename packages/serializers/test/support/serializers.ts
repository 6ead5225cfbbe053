import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";
import type { Serializer } from "@granary/core";
import { type CompressionAlgorithm, compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";

/** Whether the Node that runs the tests knows zstd: 20 does not. */
export const HAS_ZSTD = "zstdCompressSync" in zlib;

/** What can be written here. */
export const ALGORITHMS: readonly CompressionAlgorithm[] = HAS_ZSTD ? ["gzip", "brotli", "zstd"] : ["gzip", "brotli"];

/** Gives its bytes out as they are. */
export const raw: Serializer = {
  encode: (value) => Uint8Array.from(value as number[]),
  decode: (data) => Array.from(data as Uint8Array),
};

/** Everything is compressed, however short. */
export const squeezed = (algorithm: CompressionAlgorithm = "gzip"): Serializer =>
  compressed(superjsonSerializer, { algorithm, threshold: 0 });

export const newKey = { name: "new", key: randomBytes(32) };
export const oldKey = { name: "old", key: randomBytes(32) };
export const secret: Serializer = encrypted(superjsonSerializer, { keys: [newKey, oldKey] });

/** Text that compresses well. */
export const long = { text: "granary ".repeat(500), at: new Date(0) };

/** What a serializer wrote, where that must be bytes. */
export function bytesFrom(serializer: Serializer, value: unknown): Buffer {
  const payload = serializer.encode(value);
  if (typeof payload === "string") throw new Error("It wrote text.");
  return Buffer.from(payload);
}

/** `bytes` with one bit of the byte at `at` turned over. */
export function damaged(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
