/**
 * Turns values into text or bytes for a remote store, and back.
 * `decode(encode(value))` must equal `value`; a value for which it would not should make `encode` throw.
 */
export interface Serializer {
  encode(value: unknown): string | Uint8Array;
  decode(data: string | Uint8Array): unknown;
  /**
   * Declared where no value keeps a piece of the text that it was decoded from, as with `JSON.parse`: it may then be
   * given pieces of a longer text. A piece that was kept would keep all of that in memory.
   */
  readonly copies?: true;
}
