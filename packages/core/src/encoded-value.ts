import { describe } from "./describe.js";
import { CacheError } from "./errors.js";
import { isBytes, messageOf } from "./realms.js";
import type { Serializer } from "./serializer.js";

/**
 * What `serializer`, or its form for `key` where it has one, makes of `value`.
 * @throws CacheError `INVALID_VALUE` where the serializer cannot write the value; `cause` holds its error.
 */
export function encodeValue(value: unknown, serializer: Serializer, key?: string): string | Uint8Array {
  try {
    const encoded: unknown = boundTo(key, serializer).encode(value);
    if (typeof encoded === "string" || isBytes(encoded)) return encoded;
    throw new TypeError(`encode gives text or bytes; it gave ${describe(encoded)}.`);
  } catch (cause) {
    throw new CacheError("INVALID_VALUE", `The serializer cannot write this value: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * The value that `encodeValue` was given.
 * @throws CacheError `UNREADABLE` where the serializer cannot read it; `cause` holds its error.
 */
export function decodeValue(encoded: string | Uint8Array, serializer: Serializer, key?: string): unknown {
  try {
    return boundTo(key, serializer).decode(encoded);
  } catch (cause) {
    throw unreadable(`the serializer cannot read its payload: ${messageOf(cause)}`, cause);
  }
}

/** A value that is too deep ends in the stack, of which the user has never heard. */
function reasonOf(cause: unknown): string {
  const message = messageOf(cause);
  return message.includes("call stack") ? "it is nested too deep; store it flatter" : message;
}

export function unreadable(reason: string, cause?: unknown): CacheError {
  return new CacheError("UNREADABLE", `The stored bytes are not an entry that can be read: ${reason}.`, { cause });
}

function boundTo(key: string | undefined, serializer: Serializer): Pick<Serializer, "encode" | "decode"> {
  return key === undefined || serializer.forKey === undefined ? serializer : serializer.forKey(key);
}
