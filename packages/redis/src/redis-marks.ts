import { type Clock, type MarksCapability, type ScopeMark, scopeMarkKey, TAG_LIFE_MS, tagMarkKey } from "@granary/core";
import { instantText } from "./instant-text.js";
import type { ReadBatch } from "./read-batch.js";
import type { Reply } from "./reply.js";
import { scopeMarkIn, tagMarkIn } from "./scope-mark-text.js";
import type { WriteBatch } from "./write-batch.js";

/** What marks in Redis need. */
export interface RedisMarksParts {
  readonly reads: ReadBatch;
  readonly writes: WriteBatch;
  /** Says when it is, in place of the server. */
  readonly clock: Clock | undefined;
}

/** Max-registers in Redis, read with the entries of the same turn, raised by the server in one atomic step. */
export function redisMarks({ reads, writes, clock }: RedisMarksParts): MarksCapability {
  return {
    read: scopeMarksReader(reads),
    readTags: (scope, tags) =>
      Promise.all(tags.map(async (tag) => tagMarkIn(await reads.read(tagMarkKey(scope, tag))))),
    async raise({ scope, tags = [] }, atLeast) {
      const keys = [scopeMarkKey(scope), ...tags.map((tag) => tagMarkKey(scope, tag))];
      const args = [instantText(atLeast), clock === undefined ? "" : instantText(clock.now()), TAG_LIFE_MS];
      return Number(String(await writes.send({ step: "raise", keys, args })));
    },
  };
}

interface ReadMarks {
  readonly scopes: readonly string[];
  /** The keys of their marks: to put them together takes longer than the rest. */
  readonly keys: readonly string[];
  readonly replies: readonly Promise<Reply>[];
  readonly marks: Promise<readonly ScopeMark[]>;
}

/** Every read of an entry asks for its namespaces' marks too: those that share a reply share what it says. */
function scopeMarksReader(reads: ReadBatch): MarksCapability["read"] {
  let last: ReadMarks | undefined;
  return (scopes) => {
    const keys = last?.scopes === scopes ? last.keys : scopes.map(scopeMarkKey);
    const replies = keys.map((key) => reads.read(key));
    if (last?.scopes === scopes && replies.every((reply, at) => reply === last?.replies[at])) return last.marks;
    const marks = marksIn(replies);
    last = { scopes, keys, replies, marks };
    return marks;
  };
}

/** Of the one namespace that most keys live in, without the detour of a promise for all. */
function marksIn(replies: readonly Promise<Reply>[]): Promise<readonly ScopeMark[]> {
  const [first, ...others] = replies;
  if (first !== undefined && others.length === 0) return first.then((reply) => [scopeMarkIn(reply)]);
  return Promise.all(replies).then((all) => all.map(scopeMarkIn));
}
