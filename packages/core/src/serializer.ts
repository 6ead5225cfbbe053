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
  /**
   * Declared where a value is bound to the key of its entry, as one that is encrypted should be: the serializer of the
   * value under `key`, which a store uses in place of this one. The key is the one that the cache gives to the store,
   * without what a client or Keyv puts in front of it. It is no second argument of `encode` and `decode`, since functions
   * of libraries, which can be handed in as they are, often take something else there.
   */
  readonly forKey?: (key: string) => Pick<Serializer, "encode" | "decode">;
}

/** The `snapshot` of a store that writes values by `serializer`: what readers are going to be given. */
export function snapshotBy(serializer: Serializer): (value: unknown) => unknown {
  return (value) => serializer.decode(serializer.encode(value));
}
