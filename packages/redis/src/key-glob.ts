import { globMatcher } from "@granary/core";

/** A glob of ours (`*`, `?`, and `\` before a literal one) in the words of Redis. */
export interface KeyGlob {
  /** For `MATCH`. It lets every key through that the glob means, with `prefix` before it, and perhaps a few more. */
  readonly pattern: string;
  /** Whether a key, without the prefix, is one that the glob means. */
  matches(key: string): boolean;
}

/**
 * Two things differ. In Redis brackets are special, here they stand for themselves. And `?` is one byte there,
 * one character here: so Redis is asked for at least that many bytes, and the keys that come back are looked at.
 */
export function keyGlob(glob: string, prefix: string): KeyGlob {
  const escaped = prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
  const pattern = escaped + glob.replaceAll(/\\.|[[\]]|\?+/gs, toRedis);
  const isLoose = pattern !== escaped + glob;
  return { pattern, matches: isLoose ? globMatcher(glob) : () => true };
}

function toRedis(part: string): string {
  if (part.startsWith("\\")) return part;
  return part.startsWith("?") ? `${part}*` : `\\${part}`;
}
