import { redisStore, redisTracking } from "@granary/redis";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.js";
import { slotOf } from "../src/slot.js";
import { type Heard, listen, until } from "./support/bus-listening.js";
import { declared, forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { type RedisCluster, startCluster } from "./support/cluster.js";
import { runTrackingContract } from "./support/tracking-contract.js";

let cluster: RedisCluster;
let nodes: readonly Redis[];
const port = () => declared(cluster.ports[0]);

beforeAll(async () => {
  cluster = await startCluster();
  nodes = cluster.masters.map((master) => new Redis(master.port));
});
afterAll(async () => {
  for (const node of nodes) node.disconnect();
  await cluster.stop();
});

const heardKeys = ({ messages }: Heard): Set<string> =>
  new Set(messages.flatMap((message) => (message.type === "changed" ? message.keys : [])));

/** Keys that live on each of the masters. */
const KEYS = Array.from({ length: 30 }, (_, at) => `granary:v1:ns:${at}`);

describe.each(LIBRARIES)("redisTracking of a cluster, on $library", ({ connectCluster }) => {
  const open = async () => {
    const keyPrefix = ownPrefix();
    const client = forThisTest(connectCluster(port(), { keyPrefix }));
    const foreign = forThisTest(connectCluster(port(), { keyPrefix }));
    const bus = redisTracking({ client });
    onTestFinished(() => bus.close?.());
    const heard = listen(bus);
    await until(() => heard.gaps === 1);
    const writeAll = () => Promise.all(KEYS.map((key) => foreign.set(key, 1)));
    const hearsAll = async (): Promise<void> => {
      await writeAll();
      await until(() => KEYS.every((key) => heardKeys(heard).has(key)));
    };
    return { client, bus, heard, hearsAll, writeAll };
  };

  test("what changes on any master is heard, and so are invalidations", async () => {
    const { client, heard, hearsAll } = await open();
    await hearsAll();
    expect(heard).toMatchObject({ gaps: 1, errors: [] });
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    const scopes = ["granary:v1:a", "granary:v1:b", "granary:v1:c"];
    const told = await Promise.all(
      scopes.map(async (scope) => ({
        type: "invalidated",
        scope,
        ...(await declared(store.invalidate)({ scope })),
      })),
    );
    await until(() => told.every(({ scope }) => heard.messages.some((one) => "scope" in one && one.scope === scope)));
    expect(heard.messages.filter(({ type }) => type === "invalidated")).toEqual(expect.arrayContaining(told));
  });

  test("a flush of any master is a gap", async () => {
    const { heard } = await open();
    for (const [at, node] of nodes.entries()) {
      await node.flushall();
      await until(() => heard.gaps === at + 2);
    }
  });

  test("a connection to one master that was cut is opened again", async () => {
    const { heard, hearsAll } = await open();
    await nodes[1]!.call("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => heard.gaps >= 2);
    await hearsAll();
  });

  test("closing leaves no connection", async () => {
    const { client, bus } = await open();
    await bus.close?.();
    expect(client.listenerCount("error")).toBe(0);
    for (const node of nodes) expect(String(await node.client("LIST", "TYPE", "PUBSUB"))).not.toContain("redir");
  });
});

test("a key whose slot has moved to another master is heard of there", async () => {
  const [{ connectCluster }] = LIBRARIES;
  const keyPrefix = ownPrefix();
  const bus = redisTracking({ client: forThisTest(connectCluster(port(), { keyPrefix })) });
  onTestFinished(() => bus.close?.());
  const heard = listen(bus);
  await until(() => heard.gaps === 1);
  const foreign = forThisTest(connectCluster(port(), { keyPrefix }));
  const [key] = KEYS as [string];
  await foreign.set(key, 1);
  await until(() => heard.messages.length === 1);
  await moveSlot(slotOf(keyPrefix + key), keyPrefix + key);
  const before = heard.messages.length;
  await foreign.set(key, 2);
  await until(() => heard.messages.length > before);
  expect([...heardKeys(heard)]).toEqual([key]);
  expect(heard).toMatchObject({ gaps: 1, errors: [] });
});

/** Moves a slot, and the one key in it, from its master to another one, as an operator would. */
async function moveSlot(slot: number, key: string): Promise<void> {
  const ids = (await Promise.all(nodes.map((node) => node.call("CLUSTER", "MYID")))) as string[];
  const counts = await Promise.all(nodes.map((node) => node.call("CLUSTER", "COUNTKEYSINSLOT", slot)));
  const from = counts.indexOf(1);
  const to = (from + 1) % nodes.length;
  const set = (at: number, ...words: string[]) => nodes[at]!.call("CLUSTER", "SETSLOT", slot, ...words);
  await set(to, "IMPORTING", ids[from]!);
  await set(from, "MIGRATING", ids[to]!);
  await nodes[from]!.call("MIGRATE", "127.0.0.1", cluster.masters[to]!.port, key, 0, 5_000);
  for (const at of [to, from]) await set(at, "NODE", ids[to]!);
  await eventually(
    () => ownersOf(slot),
    (owners) => owners.every((owner) => owner === ids[to]),
  );
}

/** Who owns the slot, in the eyes of each master. */
async function ownersOf(slot: number): Promise<readonly (string | undefined)[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const ranges = (await node.call("CLUSTER", "SLOTS")) as [number, number, [string, number, string]][];
      return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][2];
    }),
  );
}

describe("the contract of a bus, with the writes that go with what is published, on a cluster,", () => {
  const [{ connectCluster }] = LIBRARIES;
  runTrackingContract((keyPrefix) => connectCluster(port(), { keyPrefix }));
});
