import * as zlib from "node:zlib";
import { isError } from "@granary/core";
import { invalidOption, unreadable } from "./errors.js";

/** How bytes are compressed. `"zstd"` needs Node 22.15, 23.8 or 24; the others are everywhere. */
export type CompressionAlgorithm = "gzip" | "brotli" | "zstd";

/** One way to compress, and the byte that names it in a payload. */
export interface Algorithm {
  readonly id: number;
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array, maxOutputLength: number): Uint8Array;
}

/** What `node:zlib` has where it knows zstd. */
interface Zstd {
  readonly zstdCompressSync: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync: (bytes: Uint8Array, options: object) => Uint8Array;
  readonly constants: { readonly ZSTD_d_windowLogMax: number };
}

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
// A cache is written nearly as often as it is read: these take a quarter of the time of the defaults, or far less,
// and give a few percent more bytes.
const GZIP_LEVEL = 1;
const BROTLI_QUALITY = 4;
/** Reading takes 2 to the power of this of memory at most. Writing takes a quarter of it. */
const ZSTD_WINDOW_LOG = 23;

const gzip: Algorithm = {
  id: 0x67,
  compress: (bytes) => zlib.gzipSync(bytes, { level: GZIP_LEVEL }),
  decompress: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
};

const brotli: Algorithm = {
  id: 0x62,
  compress: (bytes) =>
    zlib.brotliCompressSync(bytes, {
      params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  decompress: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
};

const ZSTD_ID = 0x7a;
const zstd = hasZstd(zlib) ? zstdOf(zlib) : undefined;

function zstdOf({ zstdCompressSync, zstdDecompressSync, constants }: Zstd): Algorithm {
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  return {
    id: ZSTD_ID,
    compress: (bytes) => zstdCompressSync(bytes),
    decompress: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength, params }),
  };
}

function hasZstd(library: object): library is Zstd {
  return "zstdCompressSync" in library && "zstdDecompressSync" in library;
}

/** Bytes as they are: for those that would be taken for an envelope otherwise. */
export const stored: Algorithm = {
  id: 0x30,
  compress: (bytes) => bytes,
  decompress: (bytes) => bytes,
};

/**
 * The algorithm of this name.
 * @throws CacheError `INVALID_OPTION` where there is none, or not here
 */
export function algorithmNamed(name: CompressionAlgorithm): Algorithm {
  switch (name) {
    case "gzip":
      return gzip;
    case "brotli":
      return brotli;
    case "zstd":
      if (zstd !== undefined) return zstd;
      throw invalidOption('`algorithm: "zstd"` needs Node 22.15, 23.8 or 24: update Node, or write "brotli".');
    default:
      throw invalidOption('`algorithm` must be "gzip", "brotli" or "zstd".');
  }
}

/** What `bytes` were before they were compressed by the algorithm that `id` names. Throws CacheError `UNREADABLE`. */
export function decompress(id: number | undefined, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const algorithm = [gzip, brotli, zstd, stored].find((one) => one?.id === id);
  if (algorithm !== undefined) return attempt(() => algorithm.decompress(bytes, maxBytes), maxBytes);
  throw unreadable(id === ZSTD_ID ? "it needs zstd, which this version of Node lacks" : "its algorithm is unknown");
}

function attempt(run: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return run();
  } catch (cause) {
    const isTooLarge = isError(cause) && cause.name === "RangeError";
    throw unreadable(isTooLarge ? `it is larger than ${maxBytes} bytes` : "its compressed bytes are damaged", cause);
  }
}
