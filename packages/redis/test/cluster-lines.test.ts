import { type ManualClock, manualClock } from "@granary/testkit";
import { expect, test } from "vitest";
import { ClusterLines } from "../src/cluster-lines.js";
import { Line } from "../src/line.js";
import type { NodeAddress, RedisClient } from "../src/redis-client.js";
import { type HandConnection, handConnection } from "./support/hand-connection.js";

interface Opened {
  readonly clock: ManualClock;
  readonly lines: ClusterLines;
  readonly told: string[];
  /** The ports of the masters, as the cluster has them; to be changed. */
  masters: number[];
  /** The connections that were opened to a port, in order; those that ask for the masters are under 0. */
  to(port: number): readonly HandConnection[];
}

interface Settings {
  readonly natMap?: Record<string, NodeAddress>;
  /** The first connection does not answer. */
  readonly isSilent?: true;
}

function open(masters: number[], { natMap, isSilent }: Settings = {}): Opened {
  const [clock, told, made] = [manualClock(), new Array<string>(), new Array<Made>()];
  const opened = { clock, told, masters, to: (port: number) => made.filter((one) => one.port === port).map(of) };
  const slots = () =>
    opened.masters.map((port, at) => [at, at, [Buffer.from("10.0.0.1"), port, Buffer.from(`id of ${port}`)]]);
  const duplicate = ({ port = 0 }: { port?: number }) => {
    const connection = Object.assign(handConnection(), { isSilent: isSilent === true && made.length === 0 });
    const ask = connection.callBuffer;
    connection.callBuffer = async (...words) => {
      await ask(...words);
      return slots();
    };
    made.push({ port, connection });
    return connection;
  };
  const node = { duplicate };
  const client = { isCluster: true, options: { natMap }, nodes: () => [node] } as unknown as RedisClient;
  const lines = new ClusterLines({
    clock,
    client,
    lineTo: (openOne, begun) =>
      new Line({ clock, open: openOne, begin: (one) => one.subscribe("x"), begun, failed: () => {} }),
    begun: () => told.push("begun"),
    moved: () => told.push("moved"),
    failed: (error) => told.push(String(error)),
  });
  return Object.assign(opened, { lines });
}

interface Made {
  readonly port: number;
  readonly connection: HandConnection;
}

const of = ({ connection }: Made): HandConnection => connection;

test("every master is listened to, and that is told once all of them are", async () => {
  const { clock, lines, told, to } = open([1, 2]);
  expect([lines.isListening, lines.aliveAt]).toEqual([false, Number.NEGATIVE_INFINITY]);
  await clock.advance(0);
  expect([lines.isListening, told]).toEqual([true, ["begun"]]);
  expect([1, 2, 3].map((port) => to(port).length)).toEqual([1, 1, 0]);
  await clock.advance(1_000);
  expect(lines.aliveAt).toBe(clock.now());
  await lines.close();
  expect(clock.pending).toBe(0);
});

test("one of them that goes silent counts for all, until it is back", async () => {
  const { clock, lines, told, to } = open([1, 2]);
  await clock.advance(1_000);
  const aliveAt = clock.now();
  to(2)[0]!.isSilent = true;
  await clock.advance(1_500);
  expect([lines.isListening, lines.aliveAt, told]).toEqual([false, aliveAt, ["begun"]]);
  await clock.advance(50);
  expect([lines.isListening, told]).toEqual([true, ["begun", "begun"]]);
  expect(to(1)).toHaveLength(1);
  await lines.close();
});

test("a master that another one has taken the place of is left, and the other one listened to", async () => {
  const opened = open([1, 2]);
  const { clock, lines, told, to } = opened;
  await clock.advance(1_000);
  opened.masters = [1, 3];
  await clock.advance(500);
  expect(told).toEqual(["begun", "moved", "begun"]);
  expect([to(2)[0]!.isDisconnected, to(3)[0]!.isDisconnected, lines.isListening]).toEqual([true, false, true]);
  opened.masters = [1];
  await clock.advance(500);
  expect([told.at(-1), lines.isListening, to(3)[0]!.isDisconnected]).toEqual(["moved", true, true]);
  await lines.close();
  expect(clock.pending).toBe(0);
});

test("who does not know the masters any more does not know whether all are listened to", async () => {
  const { clock, lines, told, to } = open([1, 2]);
  await clock.advance(1_000);
  const aliveAt = clock.now();
  to(0)[0]!.isSilent = true;
  await clock.advance(1_499);
  expect([lines.isListening, lines.aliveAt]).toEqual([true, aliveAt]);
  await clock.advance(1_000);
  expect(to(0)).toHaveLength(2);
  expect(lines.aliveAt).toBeGreaterThan(aliveAt);
  expect(told).toEqual(["begun", expect.stringContaining("does not answer")]);
  await lines.close();
});

test("a cluster without masters is not listened to", async () => {
  const opened = open([]);
  const { clock, lines, told } = opened;
  await clock.advance(3_000);
  expect([lines.isListening, lines.aliveAt, told]).toEqual([false, Number.NEGATIVE_INFINITY, []]);
  opened.masters = [1];
  await clock.advance(500);
  expect([lines.isListening, told]).toEqual([true, ["begun"]]);
  await lines.close();
});

test("masters are reached where the client reaches them", async () => {
  const { clock, lines, to } = open([1], { natMap: { "10.0.0.1:1": { host: "outside", port: 4_001 } } });
  await clock.advance(0);
  expect([to(1).length, to(4_001).length]).toEqual([0, 1]);
  await lines.close();
});

test("an answer that comes when all was closed opens nothing", async () => {
  const { clock, lines, to } = open([1], { isSilent: true });
  await clock.advance(500);
  to(0)[0]!.answer();
  await lines.close();
  await clock.advance(5_000);
  expect([to(1).length, clock.pending]).toEqual([0, 0]);
});
