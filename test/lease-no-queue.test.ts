import { type Cache, createCache, type LoadContext } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type FarLine, type FarStore, farStore, localHub, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ChildNode, childNode } from "./support/child-node.js";
import { eventually } from "./support/eventually.js";
import { ownRedis } from "./support/own-redis.js";
import { ownName } from "./support/redis-client.js";

const NODES = 8;

/** A load that runs, and how the test ends it. */
interface Running {
  readonly node: string;
  end(): void;
}

type Way = "fails" | "brings undefined" | "says skip()" | "says setTtl(0)";
const WAYS: readonly Way[] = ["fails", "brings undefined", "says skip()", "says setTtl(0)"];

type Finish = (load: Pick<LoadContext<unknown>, "skip" | "setTtl">) => string | undefined;
const FINISHES: Readonly<Record<Way, Finish>> = {
  fails: () => {
    throw new Error("down");
  },
  "brings undefined": () => undefined,
  "says skip()": ({ skip }) => (skip(), "mine"),
  "says setTtl(0)": ({ setTtl }) => (setTtl(0), "mine"),
};

interface Herd {
  readonly running: Running[];
  /** How many calls have come to an end. */
  readonly ended: () => number;
  /** The calls, which never reject. */
  readonly calls: ReadonlyArray<Promise<unknown>>;
}

type Ask = (cache: Cache<unknown>, load: (context: Parameters<Finish>[0]) => Promise<unknown>) => Promise<unknown>;

const one: Ask = (cache, load) => cache.getOrSet("k", load);
const many: Ask = (cache, load) =>
  cache.getOrSetMany(["k"], async (_ids, context) => [await load({ ...context, skip: () => context.setTtl(0) })]);

function herd(caches: ReadonlyArray<readonly [name: string, cache: Cache<unknown>]>, way: Way, ask: Ask): Herd {
  const running: Running[] = [];
  let ended = 0;
  const load = (node: string) => async (context: Parameters<Finish>[0]) => {
    await new Promise<void>((end) => running.push({ node, end }));
    return FINISHES[way](context);
  };
  const calls = caches.map(([node, cache]) =>
    ask(cache, load(node))
      .catch(() => "failed")
      .then(() => (ended += 1)),
  );
  return { running, calls, ended: () => ended };
}

interface Line extends FarLine {
  state: "whole" | "cut";
  /** Whether the node has been answered whether it may load. */
  hasAsked: boolean;
}

/** Nodes on one server. `deaf` ones are not told that a lease has ended. */
function nodes({ hears }: { readonly hears: boolean }) {
  const clock = manualClock();
  const [hub, server] = [localHub(), farStore({ clock })];
  const made = Array.from({ length: NODES }, (_, at) => {
    const line = lineOf(hears);
    return { name: `n${at}`, line, cache: cacheOf(server, { line, clock, bus: hub.bus(`n${at}`) }) };
  });
  onTestFinished(async () => {
    await Promise.all(made.map(({ cache }) => cache.close()));
  });
  return { clock, made, caches: made.map(({ name, cache }) => [name, cache] as const) };
}

function lineOf(hears: boolean): Line {
  return {
    state: "whole",
    hasAsked: false,
    async call(operation, step) {
      if (this.state === "cut") throw new Error("The line is cut.");
      const answer = step();
      await nextTurn();
      if (operation === "acquire") this.hasAsked = true;
      return answer;
    },
    tell: (task) => hears && queueMicrotask(task),
  };
}

type NodeParts = {
  line: Line;
  clock: ReturnType<typeof manualClock>;
  bus: ReturnType<ReturnType<typeof localHub>["bus"]>;
};

function cacheOf(server: FarStore, { line, clock, bus }: NodeParts): Cache<unknown> {
  const store = tiered({ l1: memoryStore({ clock }), l2: server.connect({ line }), bus });
  const cache = createCache<unknown>({ store, jitter: false });
  cache.on("error", () => {});
  return cache;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

describe("C2: FIELD 29: those who wait for a load of another node that came to nothing", () => {
  describe.each([
    ["by getOrSet", one],
    ["by getOrSetMany", many],
  ])("%s", (_name, ask) => {
    test.each(WAYS)("load all at once, and not one after the other, where it %s", async (way) => {
      const { made, caches } = nodes({ hears: true });
      const { running, calls } = herd(caches, way, ask);
      await until(() => running.length > 0 && made.every(({ line }) => line.hasAsked));
      expect(running).toHaveLength(1);
      running[0]?.end();
      // No second load has ended by the time that the last one begins.
      await until(() => running.length === NODES);
      for (const { end } of running) end();
      await Promise.all(calls);
      expect(running).toHaveLength(NODES);
    });

    test.each(WAYS)("do so within their poll where they do not hear that the lease has ended: it %s", async (way) => {
      const { clock, caches } = nodes({ hears: false });
      const { running, calls } = herd(caches, way, ask);
      await clock.advance(500);
      expect(running).toHaveLength(1);
      running[0]?.end();
      await clock.advance(600);
      expect(running).toHaveLength(NODES);
      for (const { end } of running) end();
      await clock.advance(0);
      await Promise.all(calls);
    });
  });

  test("take what the second load brings, where they are granted none themselves and it is quick", async () => {
    const { clock, made } = nodes({ hears: true });
    const [a, b] = made as [(typeof made)[0], (typeof made)[0]];
    let fail: () => void = () => {};
    const failing = a.cache.getOrSet(
      "k",
      () => new Promise((_resolve, reject) => (fail = () => reject(new Error("down")))),
    );
    failing.catch(() => {});
    await clock.advance(10);
    const waiting = b.cache.getOrSet("k", () => "second");
    await clock.advance(10);
    fail();
    await expect(failing).rejects.toThrow("down");
    expect(await waiting).toBe("second");
    expect(await a.cache.getOrSet("k", () => "third")).toBe("second");
  });

  test("C3: wait for one more load where the first one's node has died, and then load all at once", async () => {
    const { clock, made, caches } = nodes({ hears: true });
    const { running, calls } = herd(caches, "fails", one);
    await until(() => running.length === 1);
    const dead = made.find(({ name }) => name === running[0]?.node);
    if (dead !== undefined) dead.line.state = "cut";
    await clock.advance(3_300);
    expect(running).toHaveLength(2);
    await clock.advance(3_300);
    expect(running).toHaveLength(2);
    running[1]?.end();
    await until(() => running.length === NODES);
    for (const { end } of running) end();
    await Promise.all(calls);
  });

  test("wait for the next load where the key was changed during the first", async () => {
    const { clock, made, caches } = nodes({ hears: true });
    const { running, calls } = herd(caches, "fails", one);
    await until(() => running.length === 1);
    const other = made.find(({ name }) => name !== running[0]?.node);
    await other?.cache.delete("k");
    await clock.advance(1_000);
    // The first, that of the node which has changed the key, and one for all others.
    expect(running).toHaveLength(3);
    for (const { end } of [...running]) end();
    await until(() => running.length === NODES);
    for (const { end } of running) end();
    await Promise.all(calls);
  });
});

describe("C2: FIELD 29: processes on one Redis", () => {
  const redis = ownRedis();
  const begun = new Set<ChildNode>();
  let processes: readonly ChildNode[] = [];

  beforeAll(async () => {
    const settings = { url: redis.server.url, keyPrefix: `${ownName()}:`, channel: ownName() };
    const hear = (message: object, node: ChildNode): void => {
      if ("type" in message) begun.add(node);
    };
    processes = Array.from({ length: 4 }, () => childNode({ worker: "herd-node.mjs", settings, hear }));
    await Promise.all(processes.map((node) => node.ask("ready", [])));
  });

  afterAll(async () => {
    await Promise.all(processes.map((node) => node.kill()));
  });

  test.each(WAYS)("load all at once what they have waited for in vain: it %s", async (way) => {
    begun.clear();
    const calls = Promise.allSettled(processes.map((node) => node.ask("load", [way])));
    const isWaiting = async (node: ChildNode): Promise<boolean> => (await node.ask("isWaiting", [])).result === true;
    await Promise.all(
      processes.map((node) =>
        eventually(
          () => isWaiting(node),
          (waits) => waits || begun.has(node),
        ),
      ),
    );
    expect(begun.size).toBe(1);
    endAll();
    // No second load has ended by the time that the last one begins.
    await eventually(
      async () => begun.size,
      (count) => count === processes.length,
    );
    endAll();
    expect((await calls).map(({ status }) => status)).toEqual(processes.map(() => "fulfilled"));
  });

  function endAll(): void {
    for (const node of begun) node.tell({ verb: "end" });
  }
});
