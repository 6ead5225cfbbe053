import type { StoreHealth } from "@granary/core";
import { expect, test } from "vitest";
import { type FaultFleet, type FaultNode, withFleet } from "./support/fault-fleet.js";
import { saveNote } from "./support/report.js";
import { waitUntil } from "./support/wait-until.js";

const TIMEOUT_MS = 120_000;

/** How Redis can be away, and come back with all that it had. */
const outages = [
  ["is killed", ({ redis }: FaultFleet) => redis.kill(), ({ redis }: FaultFleet) => redis.start()],
  ["freezes", async ({ redis }: FaultFleet) => redis.freeze(), async ({ redis }: FaultFleet) => redis.thaw()],
] as const;

/** What a node does, while Redis is away, to keys that all hold, and what it reads of each, if anything. */
interface History {
  readonly of: "hot" | "cold";
  readonly change: (ask: Ask) => Promise<unknown>;
  readonly last: Readonly<Record<string, unknown>>;
}

/** Asks a node's cache. */
type Ask = (verb: string, ...args: readonly unknown[]) => Promise<unknown>;

const deletions: History = {
  of: "hot",
  change: async (ask) => [await ask("delete", "a"), await ask("set", "b", "new"), await ask("delete", "b")],
  last: { a: undefined, b: undefined },
};

/** In a namespace of its own: where keys are deleted too, nobody could say that none of these was, and they are misses. */
const writes: History = {
  of: "cold",
  async change(ask) {
    for (const value of ["first", "second", "last"]) await ask("set", "a", value);
    await ask("set", "b", "last");
  },
  last: { a: "last", b: "last" },
};

const lastOfAll = [deletions, writes].flatMap(({ of, last }) =>
  Object.entries(last).map(([key, value]) => ({ of, key, value })),
);

for (const [away, begin, end] of outages) {
  test.concurrent(`C25 C26: what a node changes while Redis ${away} it never reads otherwise, nor does any other in the end`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    await withFleet({}, async (fleet) => {
      const [one, other] = [fleet.nodes[0]!, fleet.nodes[1]!];
      for (const history of [deletions, writes]) await fill(history, [one, other]);
      await begin(fleet);
      await openBreaker(one);
      for (const { of, change } of [deletions, writes]) await change(asking(one, of));
      for (const { of, last } of [deletions, writes]) await one.ask("watch", of, Object.keys(last));
      expect(await owedBy(one)).toBe(4);
      await end(fleet);
      const { farReads: before } = await one.ask<Watched>("watched");
      // Whoever asks from then on asks Redis.
      await waitUntil({ look: () => one.ask<Watched>("watched"), holds: ({ farReads }) => farReads > before + 300 });
      // A value that Redis did not take is lost, and so is what it was to replace.
      for (const { of, key } of lastOfAll) {
        for (const node of [one, other]) {
          await waitUntil({ look: () => asking(node, of)("get", key), holds: (found) => found === undefined });
        }
      }
      const { seen, farReads } = await one.ask<Watched>("watched");
      for (const { of, key, value } of lastOfAll) {
        const wanted: readonly unknown[] = value === undefined ? [] : [value];
        const others = seen[`${of} ${key}`]?.filter((found) => !wanted.includes(found));
        expect({ of, key, others }).toEqual({ of, key, others: [] });
      }
      await saveNote({
        lines: "C25 C26",
        name: `changes of 4 keys while Redis ${away}`,
        came: `none was read otherwise on their node, nor by ${farReads - before} reads behind the outage`,
      });
    });
  });
}

function asking(node: FaultNode, of: History["of"]): Ask {
  return (verb, ...args) => node.ask("on", of, verb, ...args);
}

async function fill({ of, last }: History, [one, other]: readonly [FaultNode, FaultNode]): Promise<void> {
  for (const key of Object.keys(last)) await share({ of, key, from: one, to: other });
}

/** Has a node set what another one reads. On a busy machine either may run into its limit of time, so both are repeated. */
async function share({ of, key, from, to }: Sharing): Promise<void> {
  const look = async (): Promise<unknown> => {
    await asking(from, of)("set", key, "old");
    return asking(to, of)("get", key);
  };
  await waitUntil({ look, holds: (value) => value === "old" });
}

interface Sharing {
  readonly of: History["of"];
  readonly key: string;
  readonly from: FaultNode;
  readonly to: FaultNode;
}

test.concurrent("C26: 12,000 deletions are owed within bounds, and none of what was deleted comes back", {
  timeout: TIMEOUT_MS,
}, async () => {
  await withFleet({}, async ({ redis, nodes }) => {
    const [one, other] = [nodes[0]!, nodes[1]!];
    const ids = Array.from({ length: 12_000 }, (_, at) => `d${at}`);
    const missingOn = (node: FaultNode): Promise<readonly string[]> => node.ask("missingOf", ids);
    let unset: readonly string[] = ids;
    const fill = async (): Promise<number> => {
      await one.ask("setAll", unset, "old");
      unset = await missingOn(other);
      return unset.length;
    };
    await waitUntil({ look: fill, holds: (left) => left === 0 });
    redis.freeze();
    await one.ask("deleteAll", ids);
    const owed = await owedBy(one);
    expect(owed).toBeGreaterThan(1_000);
    expect(owed).toBeLessThanOrEqual(10_000);
    expect(await missingOn(one)).toEqual(ids);
    redis.thaw();
    await waitUntil({ look: () => owedBy(one), holds: (left) => left === 0 });
    expect(await missingOn(one)).toEqual(ids);
    await waitUntil({ look: () => missingOn(other), holds: ({ length }) => length === ids.length });
    const came = `${owed} of 12,000 deletions owed on their own, the others as a clear; none came back`;
    await saveNote({ lines: "C25 C26", name: "more deletions than are kept", came });
  });
});

test.concurrent("C15 C25: a deletion is not undone on a node that Redis told the time late", {
  timeout: TIMEOUT_MS,
}, async () => {
  await withFleet({ via: "proxies", count: 2 }, async ({ nodes }) => {
    const [one, other] = [nodes[0]!, nodes[1]!];
    const line = other.lines!.data;
    // The time is told once it has travelled for two seconds: it was two seconds ago then.
    line.latency(2_000);
    await asking(other, "hot")("get", "key");
    await waitUntil({ look: () => other.ask<number>("clockOffMs"), holds: (ms) => ms > 1_000 });
    await line.mend();
    await waitUntil({ look: () => stateOf(other), holds: (state) => state === "closed" });
    await share({ of: "hot", key: "key", from: one, to: other });
    line.refuse();
    line.reset();
    await openBreaker(other);
    await asking(other, "hot")("delete", "key");
    expect(await owedBy(other)).toBe(1);
    await line.mend();
    await waitUntil({ look: () => owedBy(other), holds: (owed) => owed === 0 });
    expect(await asking(other, "hot")("get", "key")).toBeUndefined();
  });
});

/** From then on Redis is not even asked: no late answer can make up for anything. */
async function openBreaker(node: FaultNode): Promise<void> {
  const look = async (): Promise<StoreHealth["state"]> => {
    await node.ask("getEach", ["1", "2", "3", "4", "5"]);
    return stateOf(node);
  };
  await waitUntil({ look, holds: (state) => state === "open" });
}

interface Watched {
  /** Every value that was read, once, by cache and key. */
  readonly seen: Readonly<Record<string, readonly unknown[]>>;
  /** How many of the reads began when Redis had answered again, and was owed nothing. */
  readonly farReads: number;
}

async function stateOf(node: FaultNode): Promise<StoreHealth["state"]> {
  return (await node.ask<StoreHealth>("health")).state;
}

async function owedBy(node: FaultNode): Promise<number> {
  return (await node.ask<StoreHealth>("health")).owed;
}
