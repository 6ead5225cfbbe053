import { CacheError, type ScopeMark } from "@granary/core";

/*
 * The mark of a namespace is `<cleared> <tagged> <deleted>`: when it was cleared, when a tag in it was last invalidated,
 * and when something in it was last deleted by its key. `-` stands for never. The mark of a tag is one such word.
 */
const NEVER = Number.NEGATIVE_INFINITY;
const WORDS = 3;

/** @throws CacheError `UNREADABLE` */
export function scopeMarkIn(bytes: Uint8Array | null): ScopeMark {
  const [clearedAt, taggedAt] = instantsIn(bytes);
  return { clearedAt, taggedAt };
}

/** When something in the namespace was last deleted by its key. @throws CacheError `UNREADABLE` */
export function deletedAtIn(bytes: Uint8Array | null): number {
  return instantsIn(bytes)[2];
}

/** @throws CacheError `UNREADABLE` */
export function tagMarkIn(bytes: Uint8Array | null): number {
  return bytes === null ? NEVER : instantOf(textOf(bytes));
}

function instantsIn(bytes: Uint8Array | null): readonly [cleared: number, tagged: number, deleted: number] {
  if (bytes === null) return [NEVER, NEVER, NEVER];
  const words = textOf(bytes).split(" ");
  if (words.length !== WORDS) throw unreadable();
  const [cleared = NEVER, tagged = NEVER, deleted = NEVER] = words.map(instantOf);
  return [cleared, tagged, deleted];
}

function instantOf(word: string): number {
  if (word === "-") return NEVER;
  const at = Number(word);
  if (word === "" || !Number.isFinite(at)) throw unreadable();
  return at;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

function unreadable(): CacheError {
  return new CacheError(
    "UNREADABLE",
    "A mark in Redis cannot be read. Entries count as stale until it is raised again.",
  );
}
