import { createSecretKey, type KeyObject } from "node:crypto";
import { checkOptions, isBytes, type OptionNames } from "@granary/core";
import { invalidOption } from "./errors.js";

/** A key for AES-256-GCM, and what it is called. */
export interface EncryptionKey {
  /** Stands in front of what is encrypted, readable, so that the key is found again. 1 to 255 bytes of UTF-8. */
  readonly name: string;
  /** 32 random bytes, such as `randomBytes(32)` gives. A password is no key: derive one from it with `scrypt`. */
  readonly key: Uint8Array;
}

/** A key that can be used. */
export interface ReadyKey {
  readonly name: Uint8Array;
  readonly secret: KeyObject;
}

/** The keys of one serializer: the first writes, all read. */
export interface Keyring {
  readonly first: ReadyKey;
  find(name: string): ReadyKey | undefined;
}

const KEY_OPTIONS: OptionNames<EncryptionKey> = { name: true, key: true };
const KEY_BYTES = 32;
const MOST_NAME_BYTES = 255;

/** Throws CacheError `INVALID_OPTION` unless there is a key, all names differ, and each key is of its form. */
export function keyringOf(keys: readonly EncryptionKey[]): Keyring {
  const ready = new Map<string, ReadyKey>();
  for (const key of Array.isArray(keys) ? keys : []) {
    checkOptions(key, KEY_OPTIONS, "keys[].");
    if (ready.has(key.name)) throw invalidOption(`\`keys\` has two keys of the name "${key.name}".`);
    ready.set(key.name, readyKey(key));
  }
  const [first] = ready.values();
  if (first === undefined) throw invalidOption("`keys` must be a list: write keys: [{ name, key: randomBytes(32) }].");
  return { first, find: (name) => ready.get(name) };
}

function readyKey({ name, key }: EncryptionKey): ReadyKey {
  const bytes = Buffer.from(typeof name === "string" ? name : "");
  if (bytes.length === 0 || bytes.length > MOST_NAME_BYTES || bytes.toString() !== name)
    throw invalidOption(`The \`name\` of a key must be text of 1 to ${MOST_NAME_BYTES} bytes.`);
  if (!isBytes(key) || key.length !== KEY_BYTES)
    throw invalidOption(`The \`key\` named "${name}" must be ${KEY_BYTES} bytes, as a Uint8Array or Buffer.`);
  return { name: bytes, secret: createSecretKey(key) };
}
