import type { Invalidation } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { expect } from "vitest";
import type { Verb } from "./gated-store.js";
import { entryOf, heldIn, KEY, SCOPE, TAG, type TierNode } from "./tier-node.js";

/** A read that fills L1 from L2, against a change of the same key. */
export interface FillRace {
  readonly name: string;
  /** Rejects where something old is left. */
  play(node: TierNode): Promise<void>;
}

interface Change {
  readonly name: string;
  run(node: TierNode): Promise<unknown>;
  /** What a read that begins afterwards finds. */
  readonly after: unknown;
  /** The call of L2 that it ends with, where it is this node that changes the key. */
  readonly verb?: Verb;
  /** L1 answers already while the change is under way, so that no read goes to L2. */
  readonly answersNear?: true;
  /** L1 may hold the old value still, as long as it is not served as fresh. */
  readonly keepsNear?: true;
}

interface Reader {
  readonly name: string;
  readonly verb: Verb;
  read(node: TierNode): Promise<unknown>;
}

const own: readonly Change[] = [
  { name: "a delete", run: ({ cache }) => cache.delete("k"), after: undefined, verb: "delete" },
  { name: "a set", run: ({ cache }) => cache.set("k", "new"), after: "new", verb: "set", answersNear: true },
  { name: "an expire", run: ({ cache }) => cache.expire("k"), after: undefined, verb: "set", keepsNear: true },
  { name: "a clear", run: ({ cache }) => cache.clear(), after: undefined, verb: "invalidate" },
  { name: "a tag", run: ({ cache }) => cache.invalidateTags(TAG), after: undefined, verb: "invalidate" },
  {
    name: "a delete of many",
    run: async ({ store }) => store.many?.delete([KEY, "other"]),
    after: undefined,
    verb: "many.delete",
  },
  {
    name: "a set of many",
    run: async ({ store, far }) => store.many?.set([[KEY, entryOf(far, "new")]]),
    after: "new",
    verb: "many.set",
    answersNear: true,
  },
];

const swallowed = { after: undefined, keepsNear: true } as const;

const others: readonly Change[] = [
  { name: "the message of another node's delete", run: deletedByOther, after: undefined },
  { name: "the message of another node's set", run: setByOther, after: "new" },
  { name: "the message of another node's clear", run: invalidatedByOther({ scope: SCOPE }), after: undefined },
  {
    name: "the message of another node's tag",
    run: invalidatedByOther({ scope: SCOPE, tags: [TAG] }),
    after: undefined,
  },
  { name: "a gap that swallowed another node's delete", run: deletedInGap, after: undefined, keepsNear: true },
  { name: "a gap that swallowed another node's set", run: setInGap, after: "new", keepsNear: true },
  { name: "a gap that swallowed another node's clear", run: invalidatedInGap({ scope: SCOPE }), ...swallowed },
  {
    name: "a gap that swallowed another node's tag",
    run: invalidatedInGap({ scope: SCOPE, tags: [TAG] }),
    ...swallowed,
  },
];

async function deletedByOther({ far, bus }: TierNode): Promise<void> {
  await far.judged.delete(KEY);
  bus.hear("another", KEY);
}

async function setByOther({ far, bus }: TierNode): Promise<void> {
  await far.judged.set(KEY, entryOf(far, "new"));
  bus.hear(KEY);
}

async function deletedInGap({ far, bus }: TierNode): Promise<void> {
  await far.judged.delete(KEY);
  bus.gap();
}

async function setInGap({ far, bus }: TierNode): Promise<void> {
  await far.judged.set(KEY, entryOf(far, "new"));
  bus.gap();
}

function invalidatedByOther(invalidation: Invalidation): Change["run"] {
  return async ({ far, bus }) => {
    await far.judged.invalidate?.(invalidation);
    bus.hearInvalidation(invalidation);
  };
}

function invalidatedInGap(invalidation: Invalidation): Change["run"] {
  return async ({ far, bus }) => {
    await far.judged.invalidate?.(invalidation);
    bus.gap();
  };
}

const readers: readonly Reader[] = [
  { name: "a read", verb: "get", read: ({ cache }) => cache.get("k") },
  { name: "a read of many", verb: "many.get", read: async ({ store }) => store.many?.get(["other", KEY]) },
];

/** The order of things, for a change and a reader. */
interface Interleaving {
  readonly name: string;
  readonly changes: readonly Change[];
  play(node: TierNode, change: Change, reader: Reader): Promise<void>;
}

const interleavings: readonly Interleaving[] = [
  {
    name: "that has read the old value, and ends after it",
    changes: [...own, ...others],
    async play(node, change, reader) {
      const reply = node.far.gated.hold(reader.verb, "after");
      const reading = reader.read(node);
      await reply.reached;
      const changing = change.run(node);
      // Time enough for a change that does not have to wait for the read itself.
      await nextTurn();
      reply.release();
      await Promise.all([reading, changing]);
    },
  },
  {
    name: "that has read the old value, and ends while it is under way",
    changes: own,
    async play(node, change, reader) {
      const reply = node.far.gated.hold(reader.verb, "after");
      const reading = reader.read(node);
      await reply.reached;
      const write = node.far.gated.hold(verbOf(change), "before");
      const changing = change.run(node);
      await nextTurn();
      reply.release();
      await Promise.all([reading, write.reached]);
      write.release();
      await changing;
    },
  },
  {
    name: "that begins and ends while it is under way",
    changes: own.filter(({ answersNear }) => answersNear === undefined),
    async play(node, change, reader) {
      const write = node.far.gated.hold(verbOf(change), "before");
      const changing = change.run(node);
      await write.reached;
      await reader.read(node);
      write.release();
      await changing;
    },
  },
  {
    name: "that begins while it is under way, and ends after it",
    changes: own.filter(({ answersNear }) => answersNear === undefined),
    async play(node, change, reader) {
      const write = node.far.gated.hold(verbOf(change), "before");
      const changing = change.run(node);
      await write.reached;
      const reply = node.far.gated.hold(reader.verb, "after");
      const reading = reader.read(node);
      await reply.reached;
      write.release();
      await changing;
      reply.release();
      await reading;
    },
  },
];

function verbOf({ name, verb }: Change): Verb {
  if (verb === undefined) throw new Error(`${name} makes no call of L2.`);
  return verb;
}

/** Every interleaving, with every change and every reader that it goes with. */
export const fillRaces: readonly FillRace[] = interleavings.flatMap(({ name, changes, play }) =>
  changes.flatMap((change) =>
    readers.map((reader) => ({
      name: `${change.name}, against ${reader.name} ${name}`,
      async play(node: TierNode) {
        await node.far.judged.set(KEY, entryOf(node.far, "old"));
        await play(node, change, reader);
        await checkAfter(node, change);
      },
    })),
  ),
);

/** Nothing old is near, and every way to read finds what holds now, also the second time, from L1. */
async function checkAfter(node: TierNode, { after, keepsNear }: Change): Promise<void> {
  if (keepsNear === undefined) expect([undefined, after]).toContain((await heldIn(node)).near);
  expect(await node.cache.get("k")).toBe(after);
  expect(await node.cache.get("k")).toBe(after);
  expect(await node.cache.has("k")).toBe(after !== undefined);
}
