import type { BusMessage } from "@granary/core";
import {
  type BusFault,
  faultyBus,
  localHub,
  manualClock,
  nextTurn,
  recordingListener,
  runBusContract,
} from "@granary/testkit";
import { describe, expect, test } from "vitest";

describe.each([
  ["without a fault", undefined],
  ["that doubles messages", { type: "duplicate" }],
  ["that doubles them late", { type: "duplicate", ms: 1 }],
  ["that delays them", { type: "delay", ms: 1 }],
  ["that reorders them", { type: "reorder" }],
] satisfies ReadonlyArray<[string, BusFault | undefined]>)("a bus %s holds the contract", (_name, fault) => {
  const open = () => {
    const hub = localHub();
    const nodes = ["a", "b", "c"].map((name) => faultyBus(hub.bus(name)));
    if (fault !== undefined) for (const { faults } of nodes) faults.inject(fault);
    return { nodes: nodes.map(({ bus }) => bus) };
  };
  runBusContract({ open }, test);
});

/** The bus of one node, and the other node, which is sound. */
function open() {
  const [hub, clock] = [localHub(), manualClock()];
  const { bus, faults } = faultyBus(hub.bus("faulty"), { clock });
  const other = hub.bus("other");
  const [here, there] = [recordingListener(), recordingListener()];
  const stop = bus.subscribe(here);
  other.subscribe(there);
  return { bus, faults, clock, other, here, there, stop };
}

function changed(...keys: readonly string[]): BusMessage {
  return { type: "changed", keys };
}

/** What a publication comes to. */
function settled(published: unknown): { outcome: unknown } {
  const made: { outcome: unknown } = { outcome: "pending" };
  void (async () => published)().then(
    () => {
      made.outcome = "published";
    },
    (error: unknown) => {
      made.outcome = error;
    },
  );
  return made;
}

test("without a fault messages pass at once, both ways", () => {
  const { bus, other, here, there, faults } = open();
  expect(bus.publish(changed("a"))).toBeUndefined();
  void other.publish(changed("b"));
  expect([there.messages, here.messages]).toEqual([[changed("a")], [changed("b")]]);
  expect([bus.name, here.gaps, faults.waiting]).toEqual(["faulty", 1, 0]);
});

describe("what a node publishes", () => {
  test("can be rejected, unheard or heard", async () => {
    const { bus, faults, there } = open();
    const error = new Error("down");
    const unheard = faults.inject({ type: "reject", error, times: 1 });
    await expect(bus.publish(changed("a"))).rejects.toBe(error);
    expect([there.messages, unheard.struck]).toEqual([[], 1]);
    faults.inject({ type: "reject", at: "answer", times: 1 });
    await expect(bus.publish(changed("b"))).rejects.toThrow("a test wants it");
    expect(there.messages).toEqual([changed("b")]);
    await bus.publish(changed("c"));
    expect(there.messages).toEqual([changed("b"), changed("c")]);
  });

  test("hangs until it is mended, and goes on in its order", async () => {
    const { bus, faults, there } = open();
    faults.inject({ type: "hang", direction: "out" });
    const [first, second] = [settled(bus.publish(changed("a"))), settled(bus.publish(changed("b")))];
    await nextTurn();
    expect([first.outcome, second.outcome, there.messages, faults.waiting]).toEqual(["pending", "pending", [], 2]);
    faults.mend();
    void bus.publish(changed("c"));
    expect(there.messages).toEqual([changed("a"), changed("b"), changed("c")]);
    await nextTurn();
    expect([first.outcome, second.outcome, faults.waiting]).toEqual(["published", "published", 0]);
  });

  test("is delayed by the clock", async () => {
    const { bus, faults, there, clock } = open();
    faults.inject({ type: "delay", ms: 50 });
    const published = settled(bus.publish(changed("a")));
    await clock.advance(49);
    expect([published.outcome, there.messages]).toEqual(["pending", []]);
    await clock.advance(1);
    expect([published.outcome, there.messages]).toEqual(["published", [changed("a")]]);
  });

  test("counts as published where it is dropped", async () => {
    const { bus, faults, there, here } = open();
    const fault = faults.inject({ type: "drop", times: 1 });
    await bus.publish(changed("a"));
    await bus.publish(changed("b"));
    expect([there.messages, fault.struck, here.gaps, there.gaps]).toEqual([[changed("b")], 1, 1, 1]);
  });

  test("is not dropped by what strikes only what is heard, nor by what was mended while it hung", async () => {
    const { bus, faults, there } = open();
    const deaf = faults.inject({ type: "drop", direction: "in" });
    await bus.publish(changed("a"));
    expect(deaf.struck).toBe(0);
    faults.inject({ type: "hang" });
    faults.inject({ type: "drop", direction: "out" });
    const publishing = bus.publish(changed("b"));
    faults.mend();
    await publishing;
    expect(there.messages).toEqual([changed("a"), changed("b")]);
  });

  test("comes twice where it is doubled, at once or later", async () => {
    const { bus, faults, there, clock } = open();
    const atOnce = faults.inject({ type: "duplicate" });
    await bus.publish(changed("a"));
    expect(there.messages).toEqual([changed("a"), changed("a")]);
    atOnce.mend();
    faults.inject({ type: "duplicate", ms: 50, times: 1 });
    await bus.publish(changed("b"));
    await bus.publish(changed("c"));
    await clock.advance(50);
    expect(there.messages.slice(2)).toEqual([changed("b"), changed("c"), changed("b")]);
  });

  test("comes in another order where it is reordered", async () => {
    const { bus, faults, there } = open();
    faults.inject({ type: "reorder", seed: 3 });
    await Promise.all(["a", "b", "c", "d"].map((key) => bus.publish(changed(key))));
    const keys = there.messages.map((message) => (message.type === "changed" ? message.keys[0] : message));
    expect([...keys].sort((a, b) => String(a).localeCompare(String(b)))).toEqual(["a", "b", "c", "d"]);
    expect(keys).not.toEqual(["a", "b", "c", "d"]);
  });
});

describe("what a node hears", () => {
  test("hangs until it is mended, and comes in its order before anything newer", () => {
    const { faults, here, other } = open();
    faults.inject({ type: "hang", direction: "in" });
    void other.publish(changed("a"));
    void other.publish(changed("b"));
    expect([here.messages, faults.waiting]).toEqual([[], 2]);
    faults.mend();
    void other.publish(changed("c"));
    expect(here.messages).toEqual([changed("a"), changed("b"), changed("c")]);
  });

  test("can be delayed, dropped, doubled and reordered", async () => {
    const { faults, here, other, clock } = open();
    const hearing = async (fault: BusFault, after: () => unknown) => {
      const injected = faults.inject(fault);
      const from = here.messages.length;
      void other.publish(changed("a"));
      void other.publish(changed("b"));
      const atOnce = here.messages.slice(from);
      await after();
      faults.mend();
      return [atOnce, here.messages.slice(from + atOnce.length), injected.struck];
    };
    const [a, b] = [changed("a"), changed("b")];
    expect(await hearing({ type: "delay", ms: 50 }, () => clock.advance(50))).toEqual([[], [a, b], 2]);
    expect(await hearing({ type: "drop" }, () => clock.advance(50))).toEqual([[], [], 2]);
    expect(await hearing({ type: "duplicate" }, nextTurn)).toEqual([[a, a, b, b], [], 2]);
    expect(await hearing({ type: "duplicate", ms: 50 }, () => clock.advance(50))).toEqual([[a, b], [a, b], 2]);
    expect(await hearing({ type: "reorder" }, nextTurn)).toEqual([[], [b, a], 2]);
    expect(await hearing({ type: "drop", direction: "out" }, nextTurn)).toEqual([[a, b], [], 0]);
    expect(await hearing({ type: "reject" }, nextTurn)).toEqual([[a, b], [], 0]);
  });

  test("is not told late to who has stopped, nor to a bus that was closed", async () => {
    const { bus, faults, here, other, stop, clock } = open();
    const late = recordingListener();
    bus.subscribe(late);
    faults.inject({ type: "delay", ms: 50 });
    void other.publish(changed("a"));
    void stop();
    await bus.close?.();
    await clock.advance(50);
    expect([here.messages, late.messages, faults.waiting]).toEqual([[], [], 0]);
  });
});

test("a gap and trouble are told when a test wants it, to all who listen", () => {
  const { bus, faults, here, stop } = open();
  const second = recordingListener();
  bus.subscribe(second);
  faults.gap();
  faults.error("trouble");
  expect([here.gaps, second.gaps, here.errors, second.errors]).toEqual([2, 2, ["trouble"], ["trouble"]]);
  void stop();
  faults.gap();
  faults.error();
  expect([here.gaps, second.gaps, second.errors.at(-1)]).toEqual([2, 3, expect.any(Error)]);
});

test("a bus that cannot be closed cannot be closed through the wrapper", () => {
  const { name, publish, subscribe } = localHub().bus("a");
  expect(faultyBus({ name, publish, subscribe }).bus).not.toHaveProperty("close");
});

test("a gap of the bus itself is told, whatever befalls messages", () => {
  const hub = localHub();
  const { bus, faults } = faultyBus(hub.bus("a"));
  faults.inject({ type: "drop" });
  const listener = recordingListener();
  bus.subscribe(listener);
  expect(listener.gaps).toBe(1);
});
