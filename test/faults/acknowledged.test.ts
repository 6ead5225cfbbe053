import type { StoreHealth } from "@granary/core";
import { describe, expect, test } from "vitest";
import { type FaultFleet, type FaultNode, type FleetOptions, withFleet } from "./support/fault-fleet.js";
import { waitUntil } from "./support/wait-until.js";

const TIMEOUT_MS = 120_000;

/** How Redis can be away, and come back with all that it had. */
const outages = [
  ["is killed", ({ redis }: FaultFleet) => redis.kill(), ({ redis }: FaultFleet) => redis.start()],
  ["freezes", async ({ redis }: FaultFleet) => redis.freeze(), async ({ redis }: FaultFleet) => redis.thaw()],
] as const;

type Outage = (typeof outages)[number];

/** What a node does, while Redis is away, to keys that all hold, and what they read of those in the end. */
interface History {
  readonly name: string;
  readonly change: (node: FaultNode) => Promise<unknown>;
  readonly last: Readonly<Record<string, unknown>>;
}

const deletions: History = {
  name: "deletes keys",
  change: async (node) => {
    await node.ask("delete", "a");
    await node.ask("set", "b", "new");
    await node.ask("delete", "b");
  },
  last: { a: undefined, b: undefined },
};

/** Without a deletion: where keys of a namespace are deleted too, nobody could say that none of these was, and they are misses. */
const writes: History = {
  name: "sets keys",
  change: async (node) => {
    for (const value of ["first", "second", "last"]) await node.ask("set", "a", value);
    await node.ask("set", "b", "last");
  },
  last: { a: "last", b: "last" },
};

for (const outage of outages) {
  for (const history of [deletions, writes]) {
    test.concurrent(`C25 C26: while Redis ${outage[0]}, a node that ${history.name} reads nothing older from then on, and in the end no other does`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const { owed, seenHere, atLast } = await changeDuring(outage, history);
      expect(owed).toBe(2);
      for (const [key, last] of Object.entries(history.last)) {
        expect({ key, seen: seenHere[key] }).toEqual({ key, seen: last === undefined ? [] : [last] });
        expect({ key, atLast: atLast[key] }).toEqual({ key, atLast: [last, last] });
      }
    });
  }
}

test.concurrent("C25: a node that forgets what Redis missed is found out", { timeout: TIMEOUT_MS }, async () => {
  const { seenHere } = await changeDuring(outages[0], deletions, { plant: "forgets" });
  expect(seenHere).toEqual({ a: ["old"], b: ["old"] });
});

test.concurrent("C26: 12,000 deletions are owed within bounds, and none of what was deleted comes back", {
  timeout: TIMEOUT_MS,
}, async () => {
  await withFleet({}, async ({ redis, nodes }) => {
    const [one, other] = [nodes[0]!, nodes[1]!];
    const ids = Array.from({ length: 12_000 }, (_, at) => `d${at}`);
    const fill = async (): Promise<number> => {
      await one.ask("setAll", ids, "old");
      return other.ask("countAll", ids);
    };
    await waitUntil({ look: fill, holds: (count) => count === ids.length });
    redis.freeze();
    await one.ask("deleteAll", ids);
    const owed = await owedBy(one);
    expect(owed).toBeGreaterThan(1_000);
    expect(owed).toBeLessThanOrEqual(10_000);
    expect(await one.ask("countAll", ids)).toBe(0);
    redis.thaw();
    await waitUntil({ look: () => owedBy(one), holds: (left) => left === 0 });
    expect(await one.ask("countAll", ids)).toBe(0);
    await waitUntil({ look: () => other.ask("countAll", ids), holds: (count) => count === 0 });
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
    await other.ask("get", "key");
    await waitUntil({ look: () => other.ask<number>("clockOffMs"), holds: (ms) => ms > 1_000 });
    await line.mend();
    await waitUntil({ look: () => stateOf(other), holds: (state) => state === "closed" });
    await one.ask("set", "key", "old");
    expect(await other.ask("get", "key")).toBe("old");
    line.refuse();
    line.reset();
    await openBreaker(other);
    await other.ask("delete", "key");
    expect(await owedBy(other)).toBe(1);
    await line.mend();
    await waitUntil({ look: () => owedBy(other), holds: (owed) => owed === 0 });
    expect(await other.ask("get", "key")).toBeUndefined();
  });
});

/** What a node owes while Redis is away, all that it reads from its changes on, and what all nodes read in the end. */
function changeDuring([, begin, end]: Outage, { change, last }: History, options: FleetOptions = {}) {
  return withFleet(options, async (fleet) => {
    const [one, other] = [fleet.nodes[0]!, fleet.nodes[1]!];
    const keys = Object.keys(last);
    for (const key of keys) {
      await one.ask("set", key, "old");
      expect(await other.ask("get", key)).toBe("old");
    }
    await begin(fleet);
    await openBreaker(one);
    await change(one);
    await one.ask("watch", keys);
    const owed = await owedBy(one);
    await end(fleet);
    const { farReads: before } = await one.ask<Watched>("watched");
    // Whoever asks from then on asks Redis.
    await waitUntil({ look: () => one.ask<Watched>("watched"), holds: ({ farReads }) => farReads > before + 300 });
    const atLast: Record<string, readonly unknown[]> = {};
    for (const key of keys) atLast[key] = await lastValues(one, other, key);
    const { seen } = await one.ask<Watched>("watched");
    return { owed, seenHere: seen, atLast };
  });
}

/** From then on Redis is not even asked: no late answer can make up for anything. */
async function openBreaker(node: FaultNode): Promise<void> {
  await node.ask("getEach", ["1", "2", "3", "4", "5"]);
  expect(await stateOf(node)).toBe("open");
}

/** What the node that changed a key reads, and what the other one does when it has heard of it. */
async function lastValues(one: FaultNode, other: FaultNode, key: string): Promise<readonly unknown[]> {
  const last = await one.ask("get", key);
  const look = (): Promise<unknown> => other.ask("get", key);
  return [last, await waitUntil({ look, holds: (value) => value === last }).catch(look)];
}

interface Watched {
  /** Every value that was read of each key, once. */
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
