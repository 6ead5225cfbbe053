import type { Serializer } from "@granary/core";
import { invalidOption, unreadable } from "./errors.js";

/** What a serializer gives. */
export type Payload = string | Uint8Array;

/** No UTF-8 text begins with this byte, so none is taken for an envelope. */
const NEVER_IN_TEXT = 0xff;
export const VERSION_1 = 0x31;
export const VERSION_2 = 0x32;
const TEXT = 0x74;
const BYTES = 0x62;
const MAGIC_LENGTH = 3;

/** Where the bytes behind magic and kind begin. */
export const ENVELOPE_START = MAGIC_LENGTH + 1;

/** What envelopes there are, by the byte that says so: `c` and `e`. */
export type EnvelopeName = "compressed" | "encrypted";
const NAMES: Readonly<Record<EnvelopeName, number>> = { compressed: 0x63, encrypted: 0x65 };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The first bytes of an envelope of this name: magic, version, and whether text or bytes are in it. */
export function envelopeStart(name: EnvelopeName, version: number, payload: Payload): Uint8Array {
  return Uint8Array.of(NEVER_IN_TEXT, NAMES[name], version, typeof payload === "string" ? TEXT : BYTES);
}

/** Whether `payload` is an envelope of this name, of whichever version. */
export function isEnvelope(name: EnvelopeName, payload: Payload): payload is Uint8Array {
  return typeof payload !== "string" && payload[0] === NEVER_IN_TEXT && payload[1] === NAMES[name];
}

/** Throws unless the envelope is of one of the versions that this code reads; gives that. */
export function requireVersion(envelope: Uint8Array, ...versions: readonly number[]): number {
  const version = versions.find((one) => one === envelope[2]);
  if (version === undefined) throw unreadable("another version wrote it");
  return version;
}

/** What was in an envelope: `bytes`, or the text that they are, as `envelopeStart` noted. */
export function payloadOf(envelope: Uint8Array, bytes: Uint8Array): Payload {
  const kind = envelope[MAGIC_LENGTH];
  if (kind === BYTES) return bytes;
  if (kind === TEXT) return textOf(bytes);
  throw unreadable("it does not say whether text or bytes are in it");
}

/** `payload` as bytes. */
export function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}

/** Throws unless `serializer` is one. */
export function requireSerializer(caller: string, serializer: Serializer): void {
  if (typeof serializer?.encode === "function" && typeof serializer.decode === "function") return;
  throw invalidOption(`${caller} wraps a serializer: write ${caller}(superjsonSerializer, …).`);
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw unreadable("it is not valid UTF-8", cause);
  }
}
