import { manualClock } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { ServerClock } from "../src/server-clock.js";

const SERVER_AT = 1_700_000_000_000;

type Does = "answer" | "refuse";

/** A clock of a server that does as it is told: it answers, refuses, or leaves the question open. */
function open() {
  const steady = manualClock(5_000);
  const server = {
    does: "answer" as Does | "hang",
    asked: 0,
    aheadMs: 0,
    travelMs: 0,
    release: (_does: Does): void => {},
  };
  const time = async (): Promise<unknown> => {
    server.asked += 1;
    const held = new Promise<Does>((resolve) => {
      server.release = resolve;
    });
    const does = server.does === "hang" ? await held : server.does;
    if (does === "refuse") throw new Error("The client is not connected.");
    const now = SERVER_AT + steady.now() + server.aheadMs;
    if (server.travelMs > 0) await new Promise<void>((resolve) => steady.after(server.travelMs, resolve));
    return [Math.floor(now / 1_000), (now % 1_000) * 1_000];
  };
  return { steady, server, clock: new ServerClock(time, steady) };
}

/** Whether a caller would have to wait at this moment. */
const waits = (clock: ServerClock): boolean => clock.ready() !== undefined;

describe("a clock in step", () => {
  test("is waited for at the first use, and asked again behind every 30 s", async () => {
    const { clock, steady, server } = open();
    await clock.ready();
    expect(clock.now() - steady.now()).toBe(SERVER_AT);
    await steady.advance(29_999);
    expect([waits(clock), server.asked]).toEqual([false, 1]);
    await steady.advance(1);
    expect([waits(clock), server.asked]).toEqual([false, 2]);
    expect(steady.pending).toBe(0);
  });

  test("stays as it is while the server does not answer, which is asked one question at a time", async () => {
    const { clock, steady, server } = open();
    await clock.ready();
    server.does = "hang";
    await steady.advance(60_000);
    for (let uses = 0; uses < 50; uses += 1) expect(waits(clock)).toBe(false);
    await steady.advance(60_000);
    expect([waits(clock), server.asked, clock.now() - steady.now()]).toEqual([false, 2, SERVER_AT]);
  });
});

describe("a clock whose server answers late", () => {
  const offset = ({ clock, steady }: ReturnType<typeof open>): number => clock.now() - steady.now() - SERVER_AT;

  async function askLate(opened: ReturnType<typeof open>): Promise<void> {
    opened.server.travelMs = 5_000;
    void opened.clock.ready();
    await opened.steady.advance(5_000);
    opened.server.travelMs = 0;
  }

  test("is not set back by an answer that took long, once it was in step", async () => {
    const opened = open();
    await opened.clock.ready();
    await opened.steady.advance(30_000);
    await askLate(opened);
    expect(Math.abs(offset(opened))).toBeLessThan(20);
  });

  test("is behind where the first answer took long, and asks again in a second", async () => {
    const opened = open();
    await askLate(opened);
    expect(offset(opened)).toBe(-5_000);
    await opened.steady.advance(999);
    void opened.clock.ready();
    expect(opened.server.asked).toBe(1);
    await opened.steady.advance(1);
    void opened.clock.ready();
    await opened.steady.advance(0);
    expect(Math.abs(offset(opened))).toBeLessThan(20);
    expect(opened.server.asked).toBe(2);
  });

  test.each([60_000, -60_000])("follows a server whose clock is set by %i ms", async (setMs) => {
    const opened = open();
    await opened.clock.ready();
    opened.server.aheadMs = setMs;
    await opened.steady.advance(30_000);
    void opened.clock.ready();
    await opened.steady.advance(0);
    expect(offset(opened)).toBe(setMs);
  });
});

describe("a clock that was never in step", () => {
  test("is waited for once, for 250 ms, where the server does not answer, and never again", async () => {
    const { clock, steady, server } = open();
    server.does = "hang";
    const ready = clock.ready();
    let isOver = false;
    void ready?.then(() => {
      isOver = true;
    });
    await steady.advance(249);
    expect([isOver, waits(clock)]).toEqual([false, true]);
    await steady.advance(1);
    expect([isOver, waits(clock)]).toEqual([true, false]);
    for (let second = 0; second < 20; second += 1) {
      await steady.advance(1_000);
      expect(waits(clock)).toBe(false);
    }
    expect(server.asked).toBe(1);
  });

  test("steps when the answer comes late", async () => {
    const { clock, steady, server } = open();
    server.does = "hang";
    void clock.ready();
    await steady.advance(5_000);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
    server.release("answer");
    await steady.advance(0);
    expect(clock.now() - steady.now()).toBe(SERVER_AT);
  });

  test("is not waited for again where a question failed after a while; it is asked ten times a second", async () => {
    const { clock, steady, server } = open();
    server.does = "hang";
    void clock.ready();
    await steady.advance(50);
    server.release("refuse");
    await steady.advance(50);
    let waited = 0;
    for (let ms = 0; ms < 1_000; ms += 20) {
      if (waits(clock)) waited += 1;
      await steady.advance(20);
      server.release("refuse");
      await steady.advance(0);
    }
    expect([waited, server.asked]).toEqual([0, 11]);
  });

  test("is asked at each use while the client refuses at once, so that the first load after that is in step", async () => {
    const { clock, steady, server } = open();
    server.does = "refuse";
    for (let uses = 1; uses <= 20; uses += 1) {
      await clock.ready();
      expect(server.asked).toBe(uses);
    }
    server.does = "answer";
    await clock.ready();
    expect(clock.now() - steady.now()).toBe(SERVER_AT);
    expect(steady.pending).toBe(0);
  });
});

describe("FIELD 22 (C15): a clock whose process was suspended", () => {
  /** As `open`, with a machine whose clock goes on while the steady one stands still. */
  async function inStep() {
    const { steady, server } = open();
    const machine = { ...steady, aheadMs: 0, now: (): number => steady.now() + 1_000_000 + machine.aheadMs };
    const time = async (): Promise<unknown> => {
      server.asked += 1;
      if (server.does === "refuse") throw new Error("The client is not connected.");
      return [0, (SERVER_AT + steady.now() + machine.aheadMs) * 1_000];
    };
    const clock = new ServerClock(time, steady, machine);
    await clock.ready();
    const error = (): number => clock.now() - (SERVER_AT + steady.now() + machine.aheadMs);
    return { clock, server, machine, steady, error };
  }

  test("counts that time at the first reading, and asks the server before anybody relies on it", async () => {
    const { clock, server, machine, error } = await inStep();
    machine.aheadMs = 10_000;
    expect(Math.abs(error())).toBeLessThanOrEqual(1);
    const ready = clock.ready();
    expect([ready !== undefined, server.asked]).toEqual([true, 2]);
    await ready;
    expect(Math.abs(error())).toBeLessThanOrEqual(1);
    expect([waits(clock), server.asked]).toEqual([false, 2]);
  });

  test("is set right by the server where it was the machine's clock that was set", async () => {
    const { clock, machine, server, steady } = await inStep();
    machine.aheadMs = 300_000;
    clock.now();
    server.aheadMs = 0;
    machine.aheadMs = 0;
    await clock.ready();
    expect(Math.abs(clock.now() - SERVER_AT - steady.now())).toBeLessThanOrEqual(1);
  });

  test("is not ahead of the server, between two readings of the steady clock neither", async () => {
    const { steady, error } = await inStep();
    for (let ms = 0; ms < 40; ms += 1) {
      expect(error()).toBeLessThanOrEqual(0);
      expect(error()).toBeGreaterThanOrEqual(-1);
      await steady.advance(0.9);
    }
  });

  test("is waited for no longer than at first where the server does not answer", async () => {
    const { clock, machine, server } = await inStep();
    server.does = "refuse";
    machine.aheadMs = 10_000;
    await clock.ready();
    server.does = "answer";
    await clock.ready();
    expect(waits(clock)).toBe(false);
  });
});
