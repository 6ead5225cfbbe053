import { CacheError, type ScopeMark, type StoredBytes } from "@granary/core";
import type { Reply } from "./reply.js";

/*
 * The mark of a namespace is `<cleared> <tagged> <deleted>`: when it was cleared, when a tag in it was last invalidated,
 * and when something in it was last deleted by its key. `-` stands for never. The mark of a tag is one such word.
 */
const NEVER = Number.NEGATIVE_INFINITY;
const WORDS = 3;

/** @throws CacheError `UNREADABLE` */
export function scopeMarkIn(reply: Reply): ScopeMark {
  const [clearedAt, taggedAt] = instantsIn(reply);
  return { clearedAt, taggedAt };
}

/** When something in the namespace was last deleted by its key. @throws CacheError `UNREADABLE` */
export function deletedAtIn(reply: Reply): number {
  return instantsIn(reply)[2];
}

/** @throws CacheError `UNREADABLE` */
export function tagMarkIn(reply: Reply): number {
  return reply === null ? NEVER : instantOf(textOf(reply));
}

function instantsIn(reply: Reply): readonly [cleared: number, tagged: number, deleted: number] {
  if (reply === null) return [NEVER, NEVER, NEVER];
  const words = textOf(reply).split(" ");
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

function textOf({ bytes }: StoredBytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

function unreadable(): CacheError {
  return new CacheError(
    "UNREADABLE",
    "A mark in Redis cannot be read. Entries count as stale until it is raised again.",
  );
}
