/**
 * Turns values into text or bytes for a remote store, and back.
 * `decode(encode(value))` must equal `value`; a value for which it would not should make `encode` throw.
 */
export interface Serializer {
  encode(value: unknown): string | Uint8Array;
  decode(data: string | Uint8Array): unknown;
}
