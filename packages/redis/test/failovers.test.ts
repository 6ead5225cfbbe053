import { type RedisClient, redisStore } from "@granary/redis";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.js";
import { newPlace, ready, spawnRedis, startRedis } from "../../../test/support/redis-server.js";
import { watchFailovers } from "../src/failovers.js";
import { until } from "./support/bus-listening.js";
import { declared, forThisTest, LIBRARIES } from "./support/clients.js";
import { entryOf, eventsOf } from "./support/entries.js";

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

describe.each(LIBRARIES)("a store on $library", ({ connect }) => {
  test("tells that the server is another one than before, and not that a connection is new", async () => {
    const place = await newPlace();
    const start = async () => {
      const child = spawnRedis(place, []);
      await ready(child);
      const stop = (): Promise<unknown> => {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        return child.kill("SIGKILL") ? gone : Promise.resolve();
      };
      ended.push(stop);
      return stop;
    };
    const stop = await start();
    const client = forThisTest(connect(`redis://127.0.0.1:${place.port}`));
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    const failovers = () => events.filter(({ type }) => type === "failover").length;
    const events = eventsOf(store);
    await store.set("granary:v1:ns:k", entryOf(1));
    const identified = async (): Promise<number> =>
      Number(/cmdstat_info:calls=(\d+)/.exec(await client.info("commandstats"))?.[1] ?? 0);
    const before = await identified();
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").catch(() => {});
    // The client asks too when it connects: one question of the store, one of the client, and ours.
    await eventually(identified, (count) => count >= before + 2);
    expect(failovers()).toBe(0);
    await stop();
    await start();
    await until(() => failovers() === 1);
    expect(await store.get("granary:v1:ns:k")).toBeUndefined();
    expect(failovers()).toBe(1);
  });

  test("of which nobody hears any more asks no server who it is", async () => {
    const server = await startRedis();
    onTestFinished(server.stop);
    const client = forThisTest(connect(server.url));
    const store = redisStore({ client });
    const stop = declared(store.on)(() => {});
    await client.ping();
    const listening = (): number[] => ["connect", "ready"].map((event) => client.listenerCount(event));
    const before = listening();
    await stop();
    expect(listening()).toEqual(before.map((count) => count - 1));
    await store.close?.();
    expect(listening()).toEqual(before.map((count) => count - 1));
  });
});

/** A client whose server says what a test has it say. */
function handClient(isCluster = false) {
  const listeners = new Map<string, () => void>();
  const masters = { names: ["seed"] };
  const answers: unknown[] = [];
  const client = {
    isCluster,
    options: {},
    status: "connecting",
    nodes: () => masters.names,
    on: (event: string, listener: () => void) => listeners.set(event, listener),
    off: (event: string) => listeners.delete(event),
    callBuffer: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return Buffer.from(`# Server\r\nredis_version:7\r\nrun_id:${String(answer)}\r\n`);
    },
  };
  const emit = async (event: string, answer?: unknown): Promise<void> => {
    answers.push(answer);
    listeners.get(event)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { client: client as unknown as RedisClient, emit, listeners, masters };
}

test("a server that does not say who it is is no other one; what it says later counts", async () => {
  const { client, emit } = handClient();
  let told = 0;
  const stops = [1, 2].map(() => watchFailovers(client, () => (told += 1)));
  for (const answer of ["a", new Error("NOPERM"), "a"]) await emit("connect", answer);
  expect(told).toBe(0);
  for (const answer of ["b", new Error("NOPERM"), "a"]) await emit("connect", answer);
  expect(told).toBe(4);
  stops[0]?.();
  stops[0]?.();
  await emit("connect", "c");
  expect(told).toBe(5);
  stops[1]?.();
  await emit("connect", "d");
  expect(told).toBe(5);
});

test("a server that says nothing before the connection is ready is asked again then, and no other one is", async () => {
  const { client, emit } = handClient();
  let told = 0;
  onTestFinished(watchFailovers(client, () => (told += 1)));
  await emit("connect", "a");
  await emit("connect", new Error("NOAUTH"));
  expect(told).toBe(0);
  await emit("ready", "b");
  expect(told).toBe(1);
  await emit("ready", "unasked");
  expect(told).toBe(1);
});

test("of a cluster, a master that was none before is told, but for those it begins with", async () => {
  const { client, emit, listeners, masters } = handClient(true);
  let told = 0;
  const stop = watchFailovers(client, () => (told += 1));
  const refresh = async (...names: string[]): Promise<number> => {
    masters.names = names;
    await emit("refresh");
    return told;
  };
  expect([await refresh("a", "b"), await refresh("b", "a"), await refresh("a")]).toEqual([0, 0, 0]);
  expect([await refresh("a", "c"), await refresh("c"), await refresh("c", "b")]).toEqual([1, 1, 2]);
  stop();
  expect(listeners.size).toBe(0);
});
