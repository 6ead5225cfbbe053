import {
  CacheError,
  type Clock,
  type MarksCapability,
  type ScopeMark,
  type StoredBytes,
  scopeMarkKey,
  TAG_LIFE_MS,
  tagMarkKey,
} from "@granary/core";
import type { ReadBatch } from "./read-batch.js";
import type { Reply } from "./reply.js";
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
    read: scopeMarksReader(reads),
    readTags: (scope, tags) =>
      Promise.all(tags.map(async (tag) => instantOf(await reads.read(tagMarkKey(scope, tag))))),
    async raise({ scope, tags = [] }, atLeast) {
      const keys = [scopeMarkKey(scope), ...tags.map((tag) => tagMarkKey(scope, tag))];
      const args = [numberText(atLeast), clock === undefined ? "" : numberText(clock.now()), TAG_LIFE_MS];
      return Number(String(await writes.send({ step: "raise", keys, args })));
    },
  };
}

interface ReadMarks {
  readonly replies: readonly Promise<Reply>[];
  readonly marks: Promise<readonly ScopeMark[]>;
}

/** Every read of an entry asks for its namespaces' marks too: those that share a reply share what it says. */
function scopeMarksReader(reads: ReadBatch): MarksCapability["read"] {
  let last: (ReadMarks & { readonly scopes: readonly string[] }) | undefined;
  return (scopes) => {
    const replies = scopes.map((scope) => reads.read(scopeMarkKey(scope)));
    if (last?.scopes === scopes && replies.every((reply, at) => reply === last?.replies[at])) return last.marks;
    const marks = marksIn(replies);
    last = { scopes, replies, marks };
    return marks;
  };
}

/** Of the one namespace that most keys live in, without the detour of a promise for all. */
function marksIn(replies: readonly Promise<Reply>[]): Promise<readonly ScopeMark[]> {
  const [first, ...others] = replies;
  if (first !== undefined && others.length === 0) return first.then((reply) => [scopeMarkOf(reply)]);
  return Promise.all(replies).then((all) => all.map(scopeMarkOf));
}

function scopeMarkOf(reply: Reply): ScopeMark {
  if (reply === null) return { clearedAt: NEVER, taggedAt: NEVER };
  const words = textOf(reply).split(" ");
  if (words.length !== 2) throw unreadable();
  return { clearedAt: instantIn(words[0]), taggedAt: instantIn(words[1]) };
}

function instantOf(reply: Reply): number {
  return reply === null ? NEVER : instantIn(textOf(reply));
}

function instantIn(word: string | undefined): number {
  if (word === "-") return NEVER;
  const at = Number(word);
  if (word === "" || !Number.isFinite(at)) throw unreadable();
  return at;
}

function textOf({ bytes }: StoredBytes): string {
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
