import { constants } from "node:buffer";
import { checkOptions, type OptionNames, type Serializer } from "@granary/core";
import { type Algorithm, algorithmNamed, type CompressionAlgorithm, decompress, stored } from "./algorithms.js";
import { around } from "./around.js";
import {
  bytesOf,
  ENVELOPE_START,
  envelopeStart,
  isEnvelope,
  type Payload,
  payloadOf,
  requireSerializer,
  requireVersion,
  VERSION_1,
} from "./envelope.js";
import { invalidOption } from "./errors.js";

/** How values are compressed. */
export interface CompressedOptions {
  /**
   * Payloads of fewer bytes are left as they are. Default: 1024. With `Infinity` none is compressed, and those that
   * were are still read.
   */
  readonly threshold?: number;
  /** What is written. All that the runtime knows are read. Default: `"gzip"`. */
  readonly algorithm?: CompressionAlgorithm;
  /**
   * The most bytes that a payload may have decompressed. One with more cannot be read, and is not compressed in the
   * first place. Default: 64 MiB.
   */
  readonly maxBytes?: number;
}

const OPTIONS: OptionNames<CompressedOptions> = { threshold: true, algorithm: true, maxBytes: true };

const DEFAULT_THRESHOLD = 1024;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * A serializer that compresses what `serializer` writes, where that makes it smaller. The bytes say how they were
 * compressed. What was written without it, before or behind this, is still read, and so is every other algorithm.
 *
 * Compressing is synchronous: it holds up the event loop for about 0.1 ms for 10 kB.
 *
 * `decode` throws CacheError `UNREADABLE` for bytes that are damaged, that have more than `maxBytes` decompressed, or
 * that need an algorithm which the runtime lacks. To a cache, that is a miss and an `error` event.
 * @throws CacheError `INVALID_OPTION`, also for `algorithm: "zstd"` where Node lacks it
 */
export function compressed(serializer: Serializer, options: CompressedOptions = {}): Serializer {
  requireSerializer("compressed", serializer);
  const settings = settingsOf(options);
  return around(serializer, (inner) => ({
    encode: (value) => compress(inner.encode(value), settings),
    decode: (data) => inner.decode(isEnvelope("compressed", data) ? open(data, settings.maxBytes) : data),
  }));
}

interface Settings {
  readonly algorithm: Algorithm;
  readonly threshold: number;
  readonly maxBytes: number;
}

function settingsOf(options: CompressedOptions): Settings {
  checkOptions(options, OPTIONS);
  const { threshold = DEFAULT_THRESHOLD, algorithm = "gzip", maxBytes = DEFAULT_MAX_BYTES } = options;
  if (typeof threshold !== "number" || !(threshold >= 0))
    throw invalidOption("`threshold` must be a number of bytes, 0 or more; Infinity is never.");
  if (!(Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= constants.MAX_LENGTH))
    throw invalidOption(`\`maxBytes\` must be a whole number from 1 to ${constants.MAX_LENGTH}.`);
  return { algorithm: algorithmNamed(algorithm), threshold, maxBytes };
}

function compress(payload: Payload, { algorithm, threshold, maxBytes }: Settings): Payload {
  // Bytes of the serializer's own that begin like an envelope must not be taken for one.
  const asItIs = isEnvelope("compressed", payload) ? sealed(stored, payload) : payload;
  const size = Buffer.byteLength(payload);
  if (size < threshold || size > maxBytes) return asItIs;
  const smaller = sealed(algorithm, payload);
  return smaller.length < size ? smaller : asItIs;
}

/** Magic, kind, the algorithm's byte, the compressed bytes. */
function sealed(algorithm: Algorithm, payload: Payload): Uint8Array {
  const start = envelopeStart("compressed", VERSION_1, payload);
  return Buffer.concat([start, Uint8Array.of(algorithm.id), algorithm.compress(bytesOf(payload))]);
}

function open(envelope: Uint8Array, maxBytes: number): Payload {
  requireVersion(envelope, VERSION_1);
  const bytes = decompress(envelope[ENVELOPE_START], envelope.subarray(ENVELOPE_START + 1), maxBytes);
  return payloadOf(envelope, bytes);
}
