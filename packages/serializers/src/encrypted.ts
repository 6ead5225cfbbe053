import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from "node:crypto";
import { checkOptions, type OptionNames, type Serializer } from "@granary/core";
import type { Coder } from "./around.js";
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
  VERSION_2,
} from "./envelope.js";
import { invalidOption, unreadable } from "./errors.js";
import { type EncryptionKey, type Keyring, keyringOf, type ReadyKey } from "./keyring.js";

/** How values are encrypted. */
export interface EncryptedOptions {
  /**
   * The keys. The first encrypts, all decrypt, each what was written under its name. To rotate, give every node the
   * new key behind the old one, then put it first, and drop the old one once what it wrote has expired.
   */
  readonly keys: readonly EncryptionKey[];
  /**
   * Whether what was written before values were bound to their keys is still read. Whoever can write to the store can put
   * it under another key, so switch it on for as long as such values live, and no longer. Default: `false`.
   */
  readonly acceptUnbound?: boolean;
}

const OPTIONS: OptionNames<EncryptedOptions> = { keys: true, acceptUnbound: true };

const CIPHER = "aes-256-gcm";
// The sizes that NIST SP 800-38D recommends: 96 bits, and the full 128.
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A serializer that encrypts what `serializer` writes with AES-256-GCM, under a random IV each time. The bytes name
 * their key. Nothing else is read, not even what was written without encryption, since anybody could have written that.
 *
 * A random IV is safe for 2^32 values under one key (NIST SP 800-38D): rotate before that. Keys of the cache,
 * deadlines and tags are not encrypted, and neither is the size of a value hidden.
 *
 * A value is bound to the key of its entry: put under another one, it is unreadable. Whoever can write to the store can
 * still put an old value of the same key back. A store that does not tell the serializer its key binds nothing; those of
 * Granary do.
 *
 * `decode` throws CacheError `UNREADABLE` for an unknown key, a wrong one, and for bytes that were changed or moved. To a
 * cache, that is a miss and an `error` event.
 * @throws CacheError `INVALID_OPTION`
 */
export function encrypted(serializer: Serializer, options: EncryptedOptions): Serializer {
  requireSerializer("encrypted", serializer);
  checkOptions(options, OPTIONS);
  const keyring = keyringOf(options.keys);
  const acceptUnbound = checkedSwitch(options.acceptUnbound ?? false);
  const coderOf = (inner: Coder, entryKey: string | undefined): Coder => ({
    encode: (value) => encrypt(inner.encode(value), keyring.first, entryKey),
    decode: (data) => inner.decode(decrypt(data, { keyring, acceptUnbound, entryKey })),
  });
  return { ...coderOf(serializer, undefined), forKey: (key) => coderOf(serializer.forKey?.(key) ?? serializer, key) };
}

function checkedSwitch(acceptUnbound: boolean): boolean {
  if (typeof acceptUnbound === "boolean") return acceptUnbound;
  throw invalidOption("`acceptUnbound` must be true or false.");
}

/** Header, IV, encrypted bytes, tag. The header is authenticated too, and so is the key of the entry. */
function encrypt(payload: Payload, { name, secret }: ReadyKey, entryKey: string | undefined): Uint8Array {
  const version = entryKey === undefined ? VERSION_1 : VERSION_2;
  const header = Buffer.concat([envelopeStart("encrypted", version, payload), Uint8Array.of(name.length), name]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES }).setAAD(associated(header, entryKey));
  const bytes = cipher.update(bytesOf(payload));
  return Buffer.concat([header, iv, bytes, cipher.final(), cipher.getAuthTag()]);
}

/** By what bytes are decrypted. */
interface Decryption {
  readonly keyring: Keyring;
  readonly acceptUnbound: boolean;
  readonly entryKey: string | undefined;
}

function decrypt(data: Payload, { keyring, acceptUnbound, entryKey }: Decryption): Payload {
  if (!isEnvelope("encrypted", data)) throw unreadable("it is not encrypted");
  const isBound = requireVersion(data, VERSION_1, VERSION_2) === VERSION_2;
  if (isBound && entryKey === undefined)
    throw unreadable("it is bound to the key of its entry, which is not known here");
  if (!isBound && entryKey !== undefined && !acceptUnbound)
    throw unreadable("it is not bound to the key of its entry; `acceptUnbound: true` would read it");
  const headerEnd = ENVELOPE_START + 1 + (data[ENVELOPE_START] ?? 0);
  const [header, ivEnd, tagStart] = [data.subarray(0, headerEnd), headerEnd + IV_BYTES, data.length - TAG_BYTES];
  if (tagStart < ivEnd) throw unreadable("it is cut short");
  const name = Buffer.from(header.subarray(ENVELOPE_START + 1)).toString();
  const key = keyring.find(name);
  if (key === undefined)
    throw unreadable(`it was encrypted under ${JSON.stringify(name)}, which is not among the keys`);
  const decipher = createDecipheriv(CIPHER, key.secret, data.subarray(headerEnd, ivEnd), { authTagLength: TAG_BYTES });
  decipher.setAAD(isBound ? associated(header, entryKey) : header).setAuthTag(data.subarray(tagStart));
  return payloadOf(data, finished(decipher, data.subarray(ivEnd, tagStart)));
}

/** The length of a header stands in it, so no two pairs of header and key give the same bytes. */
function associated(header: Uint8Array, entryKey: string | undefined): Uint8Array {
  return entryKey === undefined ? header : Buffer.concat([header, Buffer.from(entryKey)]);
}

/** Gives nothing out before the tag is known to be right. */
function finished(decipher: DecipherGCM, bytes: Uint8Array): Uint8Array {
  const start = decipher.update(bytes);
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch (cause) {
    throw unreadable("it was encrypted with another key, or its bytes were changed, or moved to another entry", cause);
  }
}
