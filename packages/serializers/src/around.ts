import type { Serializer } from "@granary/core";

/** Both ways through a serializer. */
export type Coder = Pick<Serializer, "encode" | "decode">;

/** What `wrap` puts around `serializer`, and around the serializer of each key where that has them. */
export function around(serializer: Serializer, wrap: (inner: Coder) => Coder): Serializer {
  const { forKey } = serializer;
  return { ...wrap(serializer), ...(forKey !== undefined && { forKey: (key: string) => wrap(forKey(key)) }) };
}
