import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type FarLine, farStore, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { signal } from "./support/gated-store.js";
import { type HandBus, handBus } from "./support/hand-bus.js";
import { settled } from "./support/settled.js";

const KEY = "granary:v1:default:k";
const SCOPE = "granary:v1:default";

/** A node whose bus is the test, and whose requests the test can hold back. */
interface Node {
  readonly cache: Cache<string>;
  readonly bus: HandBus;
  readonly line: HeldLine;
}

/** Passes what is asked at once, until it is told to hold back the answers of an operation. */
interface HeldLine extends FarLine {
  /** Holds back the next answer of `operation`. Resolves once the server has given it. */
  hold(operation: string): { readonly reached: Promise<void>; release(): void };
}

function heldLine(): HeldLine {
  const held = new Map<
    string,
    { readonly reached: ReturnType<typeof signal>; readonly go: ReturnType<typeof signal> }
  >();
  return {
    async call(operation, step) {
      const answer = step();
      const holding = held.get(operation);
      held.delete(operation);
      holding?.reached.give();
      await holding?.go.given;
      return answer;
    },
    tell: (task) => queueMicrotask(task),
    hold(operation) {
      const holding = { reached: signal(), go: signal() };
      held.set(operation, holding);
      return { reached: holding.reached.given, release: holding.go.give };
    },
  };
}

function openNodes() {
  const clock = manualClock();
  const far = farStore({ clock });
  const open = (): Node => {
    const [bus, line] = [handBus(), heldLine()];
    const store = tiered({ l1: memoryStore({ clock }), l2: far.connect({ line }), bus: bus.bus });
    return { bus, line, cache: createCache<string>({ store, jitter: false, ttl: 1_000, staleIfError: 5_000 }) };
  };
  return { clock, holder: open(), waiting: open() };
}

/** A loader that the test ends, and how often it was called. */
function heldLoader() {
  const loads: Array<(value: string) => void> = [];
  return { loads, load: () => new Promise<string>((resolve) => loads.push(resolve)) };
}

/** What a bus may say of a key while this node waits for another one's load of it. */
const words: readonly (readonly [name: string, say: (bus: HandBus) => void])[] = [
  ["of a change", (bus) => bus.hear(KEY)],
  ["of a gap", (bus) => bus.gap()],
  ["of an invalidation", (bus) => bus.hearInvalidation({ scope: SCOPE })],
];

describe.each(words)("a node that waits for another one's load and hears %s", (_name, say) => {
  test("goes on waiting, and those who ask from then on wait with it", async () => {
    const { holder, waiting } = openNodes();
    const { loads, load } = heldLoader();
    const first = holder.cache.getOrSet("k", load);
    await settled();
    const second = waiting.cache.getOrSet("k", load);
    await settled();
    say(waiting.bus);
    const third = waiting.cache.getOrSet("k", load);
    await settled();
    expect(loads).toHaveLength(1);
    loads[0]!("loaded");
    expect(await Promise.all([first, second, third])).toEqual(["loaded", "loaded", "loaded"]);
    expect(loads).toHaveLength(1);
  });

  test("before it is told to wait, finds what was loaded meanwhile", async () => {
    const { holder, waiting } = openNodes();
    const { loads, load } = heldLoader();
    const first = holder.cache.getOrSet("k", load);
    await settled();
    // Its question reaches the server before the holder's value, and its answer comes behind the word of that.
    const answer = waiting.line.hold("acquire");
    const second = waiting.cache.getOrSet("k", load);
    await answer.reached;
    loads[0]!("loaded");
    await first;
    say(waiting.bus);
    answer.release();
    expect(await second).toBe("loaded");
    expect(loads).toHaveLength(1);
  });
});

test("a value that was deleted elsewhere while the right to load was asked for is not given", async () => {
  const { clock, holder, waiting } = openNodes();
  await holder.cache.set("k", "old");
  await clock.advance(1_000);
  const { loads, load } = heldLoader();
  // Another node writes between the look and the question, and deletes again before the answer is there.
  const look = waiting.line.hold("get");
  const asking = waiting.cache.getOrSet("k", load);
  await look.reached;
  await holder.cache.set("k", "written and deleted");
  const answer = waiting.line.hold("acquire");
  look.release();
  await answer.reached;
  await holder.cache.delete("k");
  waiting.bus.hear(KEY);
  answer.release();
  await settled();
  expect(loads).toHaveLength(1);
  loads[0]!("loaded");
  expect(await asking).toBe("loaded");
  expect(await holder.cache.get("k")).toBe("loaded");
});

test("a stale value that was deleted elsewhere while it waited is not fallen back on, nor given to whoever joins", async () => {
  const { clock, holder, waiting } = openNodes();
  await waiting.cache.set("k", "old");
  await clock.advance(1_000);
  const { load } = heldLoader();
  const first = holder.cache.getOrSet("k", load);
  await settled();
  const failing = (): Promise<string> => Promise.reject(new Error("the origin is down"));
  const asking = waiting.cache.getOrSet("k", failing);
  const outcome = asking.catch((error: unknown) => String(error));
  await settled();
  const answer = waiting.line.hold("acquire");
  await holder.cache.delete("k");
  await answer.reached;
  waiting.bus.hear(KEY);
  answer.release();
  const late = waiting.cache
    .getOrSet("k", failing, { staleWhileRevalidate: 5_000 })
    .catch((error: unknown) => String(error));
  await settled();
  expect(await Promise.all([outcome, late])).toEqual(["Error: the origin is down", "Error: the origin is down"]);
  void first.catch(() => undefined);
  await holder.cache.close();
});

test("a load that has begun is the past for whoever asks after a change elsewhere", async () => {
  const { waiting } = openNodes();
  const { loads, load } = heldLoader();
  const first = waiting.cache.getOrSet("k", load);
  await settled();
  expect(loads).toHaveLength(1);
  waiting.bus.hear(KEY);
  const second = waiting.cache.getOrSet("k", load);
  await settled();
  loads[0]!("before");
  expect(await first).toBe("before");
  await settled();
  loads[1]!("after");
  expect(await second).toBe("after");
  expect(await waiting.cache.get("k")).toBe("after");
});

test("a key that is changed over and over while the right is asked for is loaded all the same", async () => {
  const { waiting } = openNodes();
  const { loads, load } = heldLoader();
  let answer = waiting.line.hold("acquire");
  const asking = waiting.cache.getOrSet("k", load);
  for (let changes = 0; changes < 3; changes += 1) {
    await answer.reached;
    waiting.bus.hear(KEY);
    const next = waiting.line.hold("acquire");
    answer.release();
    answer = next;
  }
  await settled();
  expect(loads).toHaveLength(1);
  loads[0]!("loaded");
  expect(await asking).toBe("loaded");
});
