import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { type Fleet, type FleetNode, fleet, type Seen } from "./support/fleet.js";
import { ownRedis } from "./support/own-redis.js";

/** What one node does to a key that every node holds in L1, and what all see from then on. */
const changes: ReadonlyArray<
  readonly [name: string, change: (node: FleetNode, key: string) => Promise<number>, after: unknown]
> = [
  ["set", (node, key) => node.set(key, "new"), "new"],
  ["delete", (node, key) => node.delete(key), null],
  ["expire", (node, key) => node.expire(key), null],
  ["clear", (node) => node.clear(), null],
];

// A server of its own: connections are killed here.
const redis = ownRedis();
let nodes: Fleet;

beforeEach(() => {
  nodes = fleet(redis.server.url);
});
afterEach(() => nodes.stop());

describe.each([2, 3])("with %i processes on one Redis", (count) => {
  let shared: Fleet;
  let all: readonly FleetNode[];
  beforeAll(async () => {
    shared = fleet(redis.server.url);
    all = await startNodes(count, shared);
  });
  afterAll(() => shared.stop());

  test.each(changes)(
    "what one did by %s, the others see, and never again what was before",
    async (name, change, after) => {
      const [writer, ...readers] = atLeastTwo(all);
      const key = `changed by ${name}`;
      onTestFinished(async () => void (await Promise.all(readers.map((node) => node.unwatch()))));
      await Promise.all(all.map((node) => warm(node, key, "old")));
      await Promise.all(readers.map((node) => node.watch(key)));
      const changedAt = await change(writer, key);
      expect((await writer.get(key)) ?? null).toBe(after);
      const seen = await Promise.all(readers.map((node) => seesChange(node, key, after)));
      expect(seen).toHaveLength(count - 1);
      for (const values of seen) expect(values.map(({ value }) => value)).toEqual(["old", after]);
      tellDelays(`${name}, ${count} processes`, seen, changedAt);
    },
  );
});

test("changes by turns are seen by all, none twice and none that was before", async () => {
  const all = await startNodes(3);
  await Promise.all(all.map((node) => warm(node, "key", 0)));
  await Promise.all(all.map((node) => node.watch("key")));
  for (let version = 1; version <= 30; version += 1) {
    await all[version % 3]?.set("key", version);
    await Promise.all(all.map((node) => seesChange(node, "key", version)));
  }
  for (const node of all) {
    const versions = (await node.watched("key")).map(({ value }) => value);
    expect(versions).toEqual(Array.from({ length: 31 }, (_, version) => version));
  }
});

test("10 000 callers of one cold key in one process load once, and the other process not at all", async () => {
  const [one, other] = atLeastTwo(await startNodes(2));
  const stampede = await one.stampede("cold", 10_000);
  expect(stampede).toEqual({ loads: 1, values: ["load 1"], callers: 10_000 });
  expect((await one.stats()).loads).toBe(1);
  expect(await other.stampede("cold", 10_000)).toEqual({ loads: 0, values: ["load 1"], callers: 10_000 });
});

test("without a bus between them the same watch sees the old value stay", async () => {
  const one = await startNode();
  await warm(one, "key", "old");
  await one.watch("key");
  await Promise.all((await redis.admin.keys("*fleet:key")).map((key) => redis.admin.del(key)));
  await eventually(
    () => one.watched("key"),
    (seen) => (seen[0]?.reads ?? 0) > 1_000,
  );
  expect((await one.watched("key")).map(({ value }) => value)).toEqual(["old"]);
});

describe("a process whose bus connection is cut and that misses a message", () => {
  test.each(changes)("serves nothing old as fresh once it is back: %s", async (_name, change, after) => {
    const writer = await startNode();
    const user = await userOfOwn();
    const cut = await nodes.start(user.url);
    await listening(2);
    await Promise.all([writer, cut].map((node) => warm(node, "key", "old")));
    await cut.watch("key");
    await user.forbid(nodes.channel);
    await change(writer, "key");
    expect(await subscribers()).toBe(1);
    expect(await cut.get("key")).toBe("old");
    await user.allow();
    await listening(2);
    const seen = await seesChange(cut, "key", after);
    expect(seen.map(({ value }) => value)).toEqual(["old", after]);
  });
});

test("a killed bus connection comes back by itself, and messages are heard again", async () => {
  const [writer, reader] = atLeastTwo(await startNodes(2));
  await Promise.all([writer, reader].map((node) => warm(node, "key", "old")));
  await reader.watch("key");
  // Two buses, and where a node has waited for a load of the other, what tells it of the end of leases.
  expect(Number(await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub"))).toBeGreaterThanOrEqual(2);
  await listening(2);
  await writer.set("key", "new");
  const seen = await seesChange(reader, "key", "new");
  expect(seen.map(({ value }) => value)).toEqual(["old", "new"]);
});

async function startNodes(count: number, of = nodes): Promise<readonly FleetNode[]> {
  const started = await Promise.all(Array.from({ length: count }, () => of.start()));
  await listening(count, of);
  expect(new Set(started.map(({ pid }) => pid)).size).toBe(count);
  return started;
}

async function startNode(): Promise<FleetNode> {
  const node = await nodes.start();
  await listening(1);
  return node;
}

function atLeastTwo([one, other, ...more]: readonly FleetNode[]): [FleetNode, FleetNode, ...FleetNode[]] {
  if (one === undefined || other === undefined) throw new Error("This needs two nodes.");
  return [one, other, ...more];
}

/** Has the node hold `id` in L1, and proves it: further reads are hits of memory. */
async function warm(node: FleetNode, id: string, value: unknown): Promise<void> {
  await eventually(
    async () => {
      await node.getOrSet(id, value);
      const before = (await node.stats()).tiers["memory"] ?? 0;
      const found = await node.get(id);
      return { found, hits: ((await node.stats()).tiers["memory"] ?? 0) - before };
    },
    ({ found, hits }) => found === value && hits === 1,
  );
}

/** Resolves once the watch of `node` has met `value`, and has read on a while, to see whether an old one comes back. */
function seesChange(node: FleetNode, key: string, value: unknown): Promise<readonly Seen[]> {
  const settled = ({ value: seen, reads }: Seen) => seen === value && reads > 100;
  return eventually(
    () => node.watched(key),
    (seen) => seen.some(settled),
  );
}

/** The span is measured and told, and not held against a limit: it is the machine's as much as ours. */
function tellDelays(title: string, seen: ReadonlyArray<readonly Seen[]>, changedAt: number): void {
  const delays = seen.map((values) => ((values.at(-1)?.at ?? Number.NaN) - changedAt).toFixed(1));
  console.info(`${title}: seen ${delays.join(" and ")} ms after it had resolved`);
}

async function subscribers(of = nodes): Promise<number> {
  const [, count] = (await redis.admin.call("PUBSUB", "NUMSUB", of.channel)) as [string, number];
  return Number(count);
}

async function listening(count: number, of = nodes): Promise<void> {
  await eventually(
    () => subscribers(of),
    (listeners) => listeners === count,
  );
}

/** A user of Redis whose right to listen can be taken away, so that its node cannot be back too early. */
async function userOfOwn() {
  const name = `cut-${nodes.channel}`;
  await redis.admin.call("ACL", "SETUSER", name, "on", ">secret", "~*", "+@all", "allchannels");
  onTestFinished(async () => {
    await redis.admin.call("ACL", "DELUSER", name);
  });
  return {
    url: redis.server.url.replace("redis://", `redis://${name}:secret@`),
    /** Ends its connection and keeps it from listening. */
    forbid: async (channel: string) => {
      await redis.admin.call("ACL", "SETUSER", name, "resetchannels");
      await redis.admin.call("CLIENT", "KILL", "USER", name, "TYPE", "pubsub");
      await eventually(
        () => subscribers(),
        (listeners) => listeners === 1,
      );
      expect(await redis.admin.call("ACL", "DRYRUN", name, "SUBSCRIBE", channel)).not.toBe("OK");
    },
    allow: () => redis.admin.call("ACL", "SETUSER", name, "allchannels"),
  };
}
