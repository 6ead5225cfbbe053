import type { CallOptions, Invalidation } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { expect } from "vitest";
import { type Hold, signal, type Verb } from "./gated-store.js";
import { entryOf, heldIn, KEY, MINUTE_MS, SCOPE, TAG, type TierNode } from "./tier-node.js";

/** A load on one node, against a change of the same key that `actor` makes. Soundly, that is the same node. */
export interface LoadRace {
  readonly name: string;
  /** Rejects where the loaded value is kept. */
  play(node: TierNode, actor: TierNode): Promise<void>;
}

/** A loader that the test ends. */
interface HandLoader {
  readonly load: () => Promise<string>;
  readonly started: Promise<void>;
  finish(): void;
}

function handLoader(): HandLoader {
  const [started, finished] = [signal(), signal()];
  const load = async (): Promise<string> => {
    started.give();
    await finished.given;
    return "loaded";
  };
  return { load, started: started.given, finish: finished.give };
}

/** How a load comes about. */
interface Path {
  readonly name: string;
  /** What is there before. */
  prepare(node: TierNode): Promise<unknown>;
  /** Resolves once the load is under way, to a promise of what the caller gets. */
  start(node: TierNode, loader: HandLoader): Promise<{ readonly serving: Promise<unknown> }>;
  readonly served: "loaded" | "old";
}

const paths: readonly Path[] = [
  {
    name: "a load of an absent key",
    prepare: async () => undefined,
    start: (node, loader) => start(node, loader, {}),
    served: "loaded",
  },
  {
    name: "a load of an outdated key",
    prepare: outdate,
    start: (node, loader) => start(node, loader, {}),
    served: "loaded",
  },
  {
    name: "a refresh behind a stale value",
    prepare: outdate,
    start: (node, loader) => start(node, loader, { staleWhileRevalidate: "1h" }),
    served: "old",
  },
  {
    name: "a refresh ahead of the end",
    prepare: ({ cache, far }) => cache.set("k", "old").then(() => far.clock.advance(50 * MINUTE_MS)),
    start: (node, loader) => start(node, loader, { refreshAhead: 0.5 }),
    served: "old",
  },
  {
    name: "a load that outlasts a soft timeout",
    prepare: outdate,
    async start(node, loader) {
      const { serving } = await start(node, loader, { softTimeout: 10, hardTimeout: "5m" });
      await node.far.clock.advance(10);
      return { serving: Promise.resolve(await serving) };
    },
    served: "old",
  },
  {
    name: "a load that says that nothing changed",
    prepare: outdate,
    async start({ cache }, { load, started }) {
      const serving = cache.getOrSet("k", ({ notModified }) => load().then(notModified));
      await started;
      return { serving };
    },
    served: "old",
  },
];

async function start({ cache }: TierNode, { load, started }: HandLoader, options: CallOptions) {
  const serving = cache.getOrSet("k", load, options);
  await started;
  return { serving };
}

/** Leaves an entry behind that is past its ttl and still good where a load fails. */
async function outdate({ cache, far }: TierNode): Promise<void> {
  await cache.set("k", "old");
  await far.clock.advance(70 * MINUTE_MS);
}

interface Change {
  readonly name: string;
  run(node: TierNode): Promise<unknown>;
  /** What a read that begins afterwards finds. */
  readonly after: unknown;
  /** The call of L2 that it ends with on an absent key, which a load may begin beside. */
  readonly verb?: Verb;
  /** It is another node that changed the key, so nothing orders its write behind ours. */
  readonly elsewhere?: true;
}

const changes: readonly Change[] = [
  { name: "a delete", run: ({ cache }) => cache.delete("k"), after: undefined, verb: "delete" },
  { name: "a set", run: ({ cache }) => cache.set("k", "new"), after: "new" },
  { name: "a set of nothing", run: ({ cache }) => cache.set("k", undefined), after: undefined, verb: "delete" },
  { name: "an expire", run: ({ cache }) => cache.expire("k"), after: undefined },
  { name: "a clear", run: ({ cache }) => cache.clear(), after: undefined, verb: "invalidate" },
  { name: "a tag", run: ({ cache }) => cache.invalidateTags(TAG), after: undefined, verb: "invalidate" },
  { name: "another node's delete", run: deletedByOther, after: undefined, elsewhere: true },
  { name: "another node's set", run: setByOther, after: "new", elsewhere: true },
  { name: "another node's clear", run: invalidatedByOther({ scope: SCOPE }), after: undefined, elsewhere: true },
  {
    name: "another node's tag",
    run: invalidatedByOther({ scope: SCOPE, tags: [TAG] }),
    after: undefined,
    elsewhere: true,
  },
];

async function deletedByOther({ far, bus }: TierNode): Promise<void> {
  await far.judged.delete(KEY);
  bus.hear(KEY);
}

async function setByOther({ far, bus }: TierNode): Promise<void> {
  await far.judged.set(KEY, entryOf(far, "new"));
  bus.hear(KEY);
}

function invalidatedByOther(invalidation: Invalidation): Change["run"] {
  return async ({ far, bus }) => {
    await far.judged.invalidate?.(invalidation);
    bus.hearInvalidation(invalidation);
  };
}

/** The change begins and ends while the loader runs. */
const overtaken: readonly LoadRace[] = paths.flatMap((path) =>
  changes.map((change) => ({
    name: `${change.name} during ${path.name}`,
    async play(node: TierNode, actor: TierNode) {
      const loader = handLoader();
      await path.prepare(node);
      const { serving } = await path.start(node, loader);
      await change.run(actor);
      loader.finish();
      expect(await serving).toBe(path.served);
      await checkAfter(node, change);
    },
  })),
);

/** The loader is done, and what it loaded is on its way into L2, or there and the answer is on its way back. */
const behindWrites: readonly LoadRace[] = (["before", "after"] as const).flatMap((moment) =>
  changes
    // L2 alone can tell which of two nodes wrote last.
    .filter(({ elsewhere }) => elsewhere === undefined)
    .map((change) => ({
      name: `${change.name}, while what was loaded is ${moment === "before" ? "on its way into" : "just in"} L2`,
      async play(node: TierNode, actor: TierNode) {
        const loader = handLoader();
        const write = node.far.gated.hold("set", moment);
        const serving = node.cache.getOrSet("k", loader.load);
        loader.finish();
        await write.reached;
        const changing = change.run(actor);
        await nextTurn();
        write.release();
        await Promise.all([serving, changing]);
        await checkReads(node, change);
        // An expire finds what was loaded there, and makes it stale.
        if (change.name !== "an expire") await checkTiers(node);
      },
    })),
);

/** The load begins while the change is under way. */
const besideChanges: readonly LoadRace[] = (["ends beside it", "ends after it"] as const).flatMap((ending) =>
  changes.flatMap((change) =>
    change.verb === undefined
      ? []
      : {
          name: `a load that begins beside ${change.name}, and ${ending}`,
          async play(node: TierNode, actor: TierNode) {
            const loader = handLoader();
            const write = node.far.gated.hold(change.verb ?? "set", "after");
            const changing = change.run(actor);
            await write.reached;
            const serving = node.cache.getOrSet("k", loader.load);
            await loader.started;
            await endInOrder(ending, loader, { write, changing });
            expect(await serving).toBe("loaded");
            // It began when L2 had the invalidation, and ended before this node was told so: it may be kept.
            if (change.verb === "invalidate" && ending === "ends beside it") await checkOld(node);
            else await checkAfter(node, change);
          },
        },
  ),
);

interface Changing {
  readonly write: Hold;
  readonly changing: Promise<unknown>;
}

async function endInOrder(ending: string, loader: HandLoader, { write, changing }: Changing): Promise<void> {
  if (ending === "ends beside it") {
    loader.finish();
    await nextTurn();
  }
  write.release();
  await changing;
  loader.finish();
}

export const loadRaces: readonly LoadRace[] = [...overtaken, ...behindWrites, ...besideChanges];

/** What was loaded is in no tier, and no way to read finds anything but what holds now. */
async function checkAfter(node: TierNode, change: Change): Promise<void> {
  await nextTurn();
  await checkTiers(node);
  await checkReads(node, change);
}

async function checkTiers(node: TierNode): Promise<void> {
  const { near, far } = await heldIn(node);
  expect([near, far]).not.toContain("loaded");
}

async function checkOld(node: TierNode): Promise<void> {
  const { near, far } = await heldIn(node);
  expect(near).toBeUndefined();
  expect(await node.cache.get("k")).toBe(far);
}

/** Also that nobody joins the load any more: the next one who asks loads anew. */
async function checkReads({ cache }: TierNode, { after }: Change): Promise<void> {
  expect(await cache.get("k")).toBe(after);
  expect(await cache.has("k")).toBe(after !== undefined);
  expect(await cache.getOrSet("k", () => "next")).toBe(after ?? "next");
}
