import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from "node:crypto";
import { checkOptions, type OptionNames, type Serializer } from "@granary/core";
import {
  bytesOf,
  ENVELOPE_START,
  envelopeStart,
  isEnvelope,
  type Payload,
  payloadOf,
  requireSerializer,
  requireVersion,
} from "./envelope.js";
import { unreadable } from "./errors.js";
import { type EncryptionKey, type Keyring, keyringOf, type ReadyKey } from "./keyring.js";

/** How values are encrypted. */
export interface EncryptedOptions {
  /**
   * The keys. The first encrypts, all decrypt, each what was written under its name. To rotate, give every node the
   * new key behind the old one, then put it first, and drop the old one once what it wrote has expired.
   */
  readonly keys: readonly EncryptionKey[];
}

const OPTIONS: OptionNames<EncryptedOptions> = { keys: true };

const CIPHER = "aes-256-gcm";
// The sizes that NIST SP 800-38D recommends: 96 bits, and the full 128.
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A serializer that encrypts what `serializer` writes with AES-256-GCM, under a random IV each time. The bytes name
 * their key. Nothing else is read, not even what was written without encryption, since anybody could have written that.
 *
 * A random IV is safe for 2^32 values under one key (NIST SP 800-38D): rotate before that. Keys of the cache,
 * deadlines and tags are not encrypted, and neither is the size of a value hidden. Whoever can write to the store can
 * still put an old value back, or another key's.
 *
 * `decode` throws CacheError `UNREADABLE` for an unknown key, a wrong one, and for bytes that were changed. To a
 * cache, that is a miss and an `error` event.
 * @throws CacheError `INVALID_OPTION`
 */
export function encrypted(serializer: Serializer, options: EncryptedOptions): Serializer {
  requireSerializer("encrypted", serializer);
  checkOptions(options, OPTIONS);
  const keyring = keyringOf(options.keys);
  return {
    encode: (value) => encrypt(serializer.encode(value), keyring.first),
    decode: (data) => serializer.decode(decrypt(data, keyring)),
  };
}

/** Header, IV, encrypted bytes, tag. The header is authenticated too. */
function encrypt(payload: Payload, { name, secret }: ReadyKey): Uint8Array {
  const header = Buffer.concat([envelopeStart("encrypted", payload), Uint8Array.of(name.length), name]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES }).setAAD(header);
  const bytes = cipher.update(bytesOf(payload));
  return Buffer.concat([header, iv, bytes, cipher.final(), cipher.getAuthTag()]);
}

function decrypt(data: Payload, keyring: Keyring): Payload {
  if (!isEnvelope("encrypted", data)) throw unreadable("it is not encrypted");
  requireVersion(data);
  const headerEnd = ENVELOPE_START + 1 + (data[ENVELOPE_START] ?? 0);
  const [header, ivEnd, tagStart] = [data.subarray(0, headerEnd), headerEnd + IV_BYTES, data.length - TAG_BYTES];
  if (tagStart < ivEnd) throw unreadable("it is cut short");
  const name = Buffer.from(header.subarray(ENVELOPE_START + 1)).toString();
  const key = keyring.find(name);
  if (key === undefined)
    throw unreadable(`it was encrypted under ${JSON.stringify(name)}, which is not among the keys`);
  const decipher = createDecipheriv(CIPHER, key.secret, data.subarray(headerEnd, ivEnd), { authTagLength: TAG_BYTES });
  decipher.setAAD(header).setAuthTag(data.subarray(tagStart));
  return payloadOf(data, finished(decipher, data.subarray(ivEnd, tagStart)));
}

/** Gives nothing out before the tag is known to be right. */
function finished(decipher: DecipherGCM, bytes: Uint8Array): Uint8Array {
  const start = decipher.update(bytes);
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch (cause) {
    throw unreadable("the key is another one than it was encrypted with, or its bytes were changed", cause);
  }
}
