/** Stands before bytes. An entry that is text begins with its header, never with this. */
const BYTES = "base64:";
/** Spread into one call, so it stays well below the number of arguments that engines allow. */
const CHUNK = 8_192;

/**
 * The one string that Keyv stores for an encoded entry. Bytes become base64 in text of our own: Keyv 5 keeps a Buffer
 * but no other Uint8Array, Keyv 6 keeps both, and neither does so under a serializer of the user's.
 */
export function toStoredText(encoded: string | Uint8Array): string {
  return typeof encoded === "string" ? encoded : BYTES + toBase64(encoded);
}

/** The encoded entry again. Throws where base64 is damaged. */
export function fromStoredText(text: string): string | Uint8Array {
  if (!text.startsWith(BYTES)) return text;
  return Uint8Array.from(atob(text.slice(BYTES.length)), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    chunks.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return btoa(chunks.join(""));
}
