import { type ManualClock, manualClock } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { Line } from "../src/line.js";
import { type HandConnection, handConnection } from "./support/hand-connection.js";

interface Opened {
  readonly line: Line;
  readonly clock: ManualClock;
  /** The connections that were opened, in order. */
  readonly connections: HandConnection[];
  readonly told: string[];
}

/** A line whose connections are made by `make`; the number counts those before. */
function open(make: (number: number) => HandConnection | undefined = () => handConnection()): Opened {
  const [clock, connections, told] = [manualClock(), new Array<HandConnection>(), new Array<string>()];
  const line = new Line({
    clock,
    open: () => {
      const connection = make(connections.length);
      if (connection !== undefined) connections.push(connection);
      return connection;
    },
    begin: (connection) => connection.subscribe("channel"),
    begun: () => told.push("begun"),
    failed: (error) => told.push(String(error)),
  });
  return { line, clock, connections, told };
}

const SILENT = "CacheError: The server does not answer. Another connection is opened.";

/** Connections of which only those in `numbers` are silent. */
const silentOnes =
  (...numbers: number[]) =>
  (number: number): HandConnection =>
    Object.assign(handConnection(), { isSilent: numbers.includes(number) });

describe("a line", () => {
  test("asks twice a second whether the server is there, and knows up to when it was", async () => {
    const { line, clock, connections, told } = open();
    const startedAt = clock.now();
    await clock.advance(2_000);
    expect(connections.map(({ asked }) => asked)).toEqual([["subscribe", "ping", "ping", "ping", "ping"]]);
    expect([line.isListening, line.aliveAt - startedAt]).toEqual([true, 2_000]);
    expect(told).toEqual(["begun"]);
    await line.close();
    expect(clock.pending).toBe(0);
  });

  test("replaces a connection that is dead without a word within two seconds of its last one", async () => {
    const { line, clock, connections, told } = open();
    await clock.advance(1_000);
    const [first] = connections;
    first!.isSilent = true;
    await clock.advance(1_499);
    expect([connections.length, line.isListening]).toEqual([1, true]);
    await clock.advance(1);
    expect([first!.isDisconnected, line.isListening]).toEqual([true, false]);
    await clock.advance(50);
    expect([connections.length, line.isListening]).toEqual([2, true]);
    expect(told).toEqual(["begun", SILENT, "begun"]);
    await line.close();
  });

  test("does not take one for dead on which other things are heard", async () => {
    const { line, clock, connections, told } = open();
    await clock.advance(0);
    const [first] = connections;
    first!.isSilent = true;
    for (let turns = 0; turns < 10; turns += 1) {
      await clock.advance(900);
      expect(line.hears(first!)).toBe(true);
    }
    expect(told).toEqual(["begun"]);
    const askedAt = clock.now() - 9_000 + 500;
    first!.answer();
    await clock.advance(0);
    expect(line.aliveAt).toBe(askedAt);
    await line.close();
  });

  test("gives up a connection that does not begin, sooner at first than later, and tells of it once", async () => {
    const { line, clock, connections, told } = open(silentOnes(0, 1, 2, 3));
    const opened: number[] = [];
    for (let ms = 0; ms < 30_000 && !line.isListening; ms += 50) {
      if (connections.length > opened.length) opened.push(ms);
      await clock.advance(50);
    }
    expect(opened.map((ms, at) => ms - (opened[at - 1] ?? 0)).slice(1)).toEqual([2_050, 4_100, 8_200]);
    expect(told).toEqual([SILENT, "begun"]);
    await line.close();
    expect(clock.pending).toBe(0);
  });

  test("a new connection that is cut at once is not hurried, and its error told again only after a good one", async () => {
    const { line, clock, connections, told } = open();
    const cut = async (): Promise<void> => {
      await clock.advance(0);
      connections.at(-1)!.emit("error", new Error("cut"));
      connections.at(-1)!.emit("end");
    };
    for (const delayMs of [50, 100, 200, 400, 800, 1_000]) {
      await cut();
      await clock.advance(delayMs - 1);
      const before = connections.length;
      await clock.advance(1);
      expect(connections.length).toBe(before + 1);
    }
    expect(told.filter((one) => one !== "begun")).toEqual(["Error: cut"]);
    await clock.advance(500);
    await cut();
    expect(told.filter((one) => one !== "begun")).toEqual(["Error: cut", "Error: cut"]);
    await line.close();
  });

  test("tries again where there is nowhere to connect to yet", async () => {
    let isKnown = false;
    const { line, clock, connections } = open(() => (isKnown ? handConnection() : undefined));
    await clock.advance(5_000);
    expect(connections).toHaveLength(0);
    isKnown = true;
    await clock.advance(1_000);
    expect(line.isListening).toBe(true);
    await line.close();
  });

  test("hears nothing of a connection that it gave up, nor after it was closed", async () => {
    const { line, clock, connections } = open();
    await clock.advance(0);
    const [first] = connections;
    first!.emit("end");
    await clock.advance(50);
    expect(connections.map((connection) => line.hears(connection))).toEqual([false, true]);
    await line.close();
    expect(line.hears(connections[1]!)).toBe(false);
  });

  test("closing waits for its connections, but not for one that never ends", async () => {
    const { line, clock, connections } = open();
    await clock.advance(0);
    connections[0]!.disconnect = () => undefined;
    let isClosed = false;
    const closing = line.close().then(() => {
      isClosed = true;
    });
    await clock.advance(499);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(clock.pending).toBe(0);
  });
});
