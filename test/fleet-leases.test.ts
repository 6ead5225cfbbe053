import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import {
  type FarLine,
  type FarStore,
  farStore,
  localHub,
  type ManualClock,
  manualClock,
  nextTurn,
} from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, test } from "vitest";

/** Two nodes of one fleet, whose requests can be held back. Found by the model of a fleet, and kept here as it found them. */
function twoNodes(): { clock: ManualClock; a: Node; b: Node } {
  const [clock, hub] = [manualClock(), localHub()];
  const far = farStore({ clock });
  const node = (name: string): Node => nodeOf({ clock, far, bus: hub.bus(name) });
  return { clock, a: node("a"), b: node("b") };
}

interface Node {
  readonly cache: Cache<string>;
  readonly line: HeldLine;
}

interface NodeParts {
  readonly clock: ManualClock;
  readonly far: FarStore;
  readonly bus: ReturnType<ReturnType<typeof localHub>["bus"]>;
}

function nodeOf({ clock, far, bus }: NodeParts): Node {
  const line = heldLine();
  const store = tiered({ l1: memoryStore({ clock }), l2: far.connect({ line }), bus });
  return { line, cache: createCache<string>({ store, jitter: false, ttl: 1_000, staleIfError: 5_000 }) };
}

interface HeldLine extends FarLine {
  /** From now on requests wait, but for those of `operation`. */
  hold(but: string): void;
  readonly held: number;
  release(): void;
}

function heldLine(): HeldLine {
  let passing: string | undefined;
  const waiting: Array<() => void> = [];
  return {
    async call(operation, step) {
      if (passing !== undefined && !operation.startsWith(passing)) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      return step();
    },
    tell: (task) => queueMicrotask(task),
    hold: (but) => {
      passing = but;
    },
    get held() {
      return waiting.length;
    },
    release: () => {
      passing = undefined;
      for (const go of waiting.splice(0)) go();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

test("a deleted value does not come back through an expire that has looked before", async () => {
  const { a, b } = twoNodes();
  await a.cache.set("1", "old");
  a.line.hold("acquire");
  const expired = a.cache.expire("1");
  await until(() => a.line.held > 0);
  // Marks are read with the look; what is held behind that is the write.
  const look = a.line.held;
  expect(look).toBeGreaterThan(0);
  await b.cache.delete("1");
  a.line.release();
  await expired;
  expect(await b.cache.entry("1")).toBeUndefined();
  const failing = b.cache.getOrSet("1", () => Promise.reject(new Error("down")));
  await expect(failing).rejects.toThrow("down");
});

test("an expire of an absent key ends a load that another node has begun", async () => {
  const { a, b } = twoNodes();
  let answer: (value: string) => void = () => {};
  const loading = b.cache.getOrSet("1", () => new Promise<string>((resolve) => (answer = resolve)));
  await nextTurn();
  await a.cache.expire("1");
  answer("from before");
  expect(await loading).toBe("from before");
  expect(await a.cache.get("1")).toBeUndefined();
});

test("a refresh ahead of the ttl reaches the nodes that hold the old value", async () => {
  const { clock, a, b } = twoNodes();
  await a.cache.set("1", "old");
  expect(await b.cache.get("1")).toBe("old");
  await clock.advance(600);
  const fresher = new Promise((resolve) => a.cache.on("load", resolve));
  await a.cache.getOrSet("1", () => "new", { refreshAhead: 0.5 });
  await fresher;
  expect(await a.cache.get("1")).toBe("new");
  expect(await b.cache.get("1")).toBe("new");
});

test("a value loaded in the instant of the one that it replaces spares the next node its load", async () => {
  const { a, b } = twoNodes();
  await a.cache.set("1", "old");
  await a.cache.expire("1");
  let loads = 0;
  let answer: () => void = () => {};
  const load = async (): Promise<string> => {
    loads += 1;
    await new Promise<void>((resolve) => (answer = resolve));
    return `new ${loads}`;
  };
  const [first, second] = [a.cache.getOrSet("1", load), b.cache.getOrSet("1", load)];
  await nextTurn();
  answer();
  expect(await Promise.all([first, second])).toEqual(["new 1", "new 1"]);
  expect(loads).toBe(1);
});
