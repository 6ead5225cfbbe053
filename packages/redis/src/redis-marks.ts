import {
  CacheError,
  type Clock,
  type MarksCapability,
  type ScopeMark,
  scopeMarkKey,
  TAG_LIFE_MS,
  tagMarkKey,
} from "@granary/core";
import type { ReadBatch } from "./read-batch.js";
import type { WriteBatch } from "./write-batch.js";

/** What marks in Redis need. */
export interface RedisMarksParts {
  readonly reads: ReadBatch;
  readonly writes: WriteBatch;
  /** Says when it is, in place of the server. */
  readonly clock: Clock | undefined;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Max-registers in Redis, read with the entries of the same turn, raised by the server in one atomic step. */
export function redisMarks({ reads, writes, clock }: RedisMarksParts): MarksCapability {
  return {
    read: (scopes) => Promise.all(scopes.map(async (scope) => scopeMarkOf(await reads.read(scopeMarkKey(scope))))),
    readTags: (scope, tags) =>
      Promise.all(tags.map(async (tag) => instantOf(await reads.read(tagMarkKey(scope, tag))))),
    async raise({ scope, tags = [] }, atLeast) {
      const keys = [scopeMarkKey(scope), ...tags.map((tag) => tagMarkKey(scope, tag))];
      const args = [numberText(atLeast), clock === undefined ? "" : numberText(clock.now()), TAG_LIFE_MS];
      return Number(String(await writes.send({ step: "raise", keys, args })));
    },
  };
}

function scopeMarkOf(bytes: Uint8Array | null): ScopeMark {
  if (bytes === null) return { clearedAt: NEVER, taggedAt: NEVER };
  const words = textOf(bytes).split(" ");
  if (words.length !== 2) throw unreadable();
  return { clearedAt: instantIn(words[0]), taggedAt: instantIn(words[1]) };
}

function instantOf(bytes: Uint8Array | null): number {
  return bytes === null ? NEVER : instantIn(textOf(bytes));
}

function instantIn(word: string | undefined): number {
  if (word === "-") return NEVER;
  const at = Number(word);
  if (word === "" || !Number.isFinite(at)) throw unreadable();
  return at;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** Lua reads no other spelling of an infinity. */
function numberText(at: number): string {
  return at === NEVER ? "-inf" : String(at);
}

function unreadable(): CacheError {
  return new CacheError(
    "UNREADABLE",
    "A mark in Redis cannot be read. Entries count as stale until it is raised again.",
  );
}
