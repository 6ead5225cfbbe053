import type { BusMessage, CacheBus } from "@granary/core";
import { busContract, localHub, recordingListener, runBusContract } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { recordingRunner } from "./recording-runner.js";

function threeNodes(change: (bus: CacheBus) => Partial<CacheBus> = () => ({})) {
  const hub = localHub();
  return { nodes: ["a", "b", "c"].map((name) => changed(hub.bus(name), change)) };
}

function changed(bus: CacheBus, change: (bus: CacheBus) => Partial<CacheBus>): CacheBus {
  return { ...bus, ...change(bus) };
}

describe("a local hub holds the contract of a bus", () => {
  runBusContract({ open: () => threeNodes() }, test);
});

describe("a bus that delivers late and twice holds the contract", () => {
  const twice = (bus: CacheBus): Partial<CacheBus> => ({
    publish: async (message) => {
      await Promise.resolve();
      await bus.publish(message);
      await bus.publish(message);
    },
  });
  runBusContract({ open: () => threeNodes(twice) }, test);
});

const PLANTED: ReadonlyArray<readonly [bug: string, noticedBy: string, plant: (bus: CacheBus) => Partial<CacheBus>]> = [
  [
    "it joins keys with line breaks",
    "odd keys arrive as they were",
    (bus) => ({
      publish: (message) =>
        bus.publish(message.type === "changed" ? { ...message, keys: cutAt(message.keys, "\n") } : message),
    }),
  ],
  [
    "it hands a message to its sender",
    "a message does not come back to its sender",
    (bus) => {
      const own = new Set<(message: BusMessage) => void>();
      return {
        publish: (message) => {
          for (const tell of own) tell(message);
          return bus.publish(message);
        },
        subscribe: (listener) => {
          own.add((message) => listener.message(message));
          return bus.subscribe(listener);
        },
      };
    },
  ],
  [
    "it cannot stop",
    "a listener that was stopped hears nothing, and others go on",
    (bus) => ({ subscribe: (listener) => (bus.subscribe(listener), () => undefined) }),
  ],
  [
    "its second close fails",
    "close may be called twice, at once, and before anything was said",
    (bus) => {
      let closes = 0;
      return {
        close: () => {
          closes += 1;
          if (closes > 1) throw new Error("closed already");
          return bus.close?.();
        },
      };
    },
  ],
  [
    "it reports an empty message as an error",
    "a message of no keys does no harm",
    (bus) => ({
      subscribe: (listener) =>
        bus.subscribe({
          gap: () => listener.gap(),
          error: (error) => listener.error(error),
          message: (message) =>
            message.type === "changed" && message.keys.length === 0
              ? listener.error(new Error("empty"))
              : listener.message(message),
        }),
    }),
  ],
];

function cutAt(keys: readonly string[], separator: string): string[] {
  return keys.join(separator).split(separator);
}

describe("a broken bus is found out", () => {
  test.each(PLANTED)("%s", async (_bug, noticedBy, plant) => {
    const runner = recordingRunner();
    runBusContract({ open: () => threeNodes(plant) }, runner.test);
    expect([...(await runner.failures()).keys()]).toContain(noticedBy);
  });

  test("fewer than three nodes are not enough", async () => {
    const runner = recordingRunner();
    runBusContract({ open: () => ({ nodes: threeNodes().nodes.slice(0, 2) }) }, runner.test);
    expect((await runner.failures()).size).toBe(busContract.length);
    expect(busContract.length).toBeGreaterThan(10);
  });
});

describe("a local hub", () => {
  test("delivers before publish returns, to listeners in the order of subscription", () => {
    const hub = localHub();
    const [a, b] = [hub.bus("a"), hub.bus("b")];
    const [first, second] = [recordingListener(), recordingListener()];
    b.subscribe(first);
    b.subscribe(second);
    void a.publish({ type: "changed", keys: ["k"] });
    expect([first.messages, second.messages]).toEqual(Array(2).fill([{ type: "changed", keys: ["k"] }]));
    expect([first.gaps, second.gaps]).toEqual([1, 1]);
  });

  test("gives a name once, and again after its close", async () => {
    const hub = localHub();
    const first = hub.bus("a");
    expect(() => hub.bus("a")).toThrow("a bus named");
    await first.close?.();
    expect(hub.bus("a").name).toBe("a");
  });

  test("does not let a closed bus speak through its successor's name", async () => {
    const hub = localHub();
    const [closed, other] = [hub.bus("a"), hub.bus("b")];
    const heard = recordingListener();
    other.subscribe(heard);
    await closed.close?.();
    hub.bus("a");
    expect(() => closed.publish({ type: "changed", keys: ["k"] })).toThrow('The bus "a" was closed.');
    await closed.close?.();
    expect(heard.messages).toEqual([]);
    expect(() => hub.bus("a")).toThrow("a bus named");
  });
});
