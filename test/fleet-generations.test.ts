import { type CacheEntry, type CacheStore, createCache, type Invalidation, Invalidations } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type FarStore, farStore, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FACTOR, SEED } from "./support/fleet-model/search.js";
import { type HandBus, handBus } from "./support/hand-bus.js";

const SCOPE = "granary:v1:shop";
const CHILD = "granary:v1:shop/eu";
const TAGS = ["t", "u", "v"] as const;

const KINDS = [
  { id: "none", tags: [] },
  { id: "t", tags: ["t"] },
  { id: "u+v", tags: ["u", "v"] },
] as const;

interface Message {
  readonly invalidation: Invalidation;
  readonly epoch: string;
  readonly sequence: number;
}

const message: fc.Arbitrary<Message> = fc.record({
  invalidation: fc.record(
    { scope: fc.constantFrom(SCOPE, CHILD), tags: fc.subarray([...TAGS], { minLength: 1 }) },
    { requiredKeys: ["scope"] },
  ),
  epoch: fc.constantFrom("before", "now", "made up"),
  sequence: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Number.MAX_SAFE_INTEGER)),
});

/** Messages, and the same in another order, some of them several times. */
const twice = fc.array(message, { minLength: 1, maxLength: 12 }).chain((messages) =>
  fc.record({
    once: fc.constant(messages),
    again: fc
      .shuffledSubarray([...messages, ...messages], { minLength: 0 })
      .chain((more) => fc.shuffledSubarray([...messages, ...more], { minLength: messages.length + more.length })),
  }),
);

interface Node {
  readonly bus: HandBus;
  /** What is given from memory, as `scope tags`. */
  held(): Promise<readonly string[]>;
}

/** A node that holds an entry of each kind, and hears what a test has it hear. */
async function node(tell: (bus: HandBus, message: Message) => void, messages: readonly Message[]): Promise<Node> {
  const clock = manualClock();
  const [l1, bus] = [memoryStore({ clock }), handBus()];
  const store = tiered({ l1, l2: farStore({ clock }).connect(), bus: bus.bus });
  const cache = createCache<string>({ store, namespace: "shop", ttl: "1h" });
  const kinds = [
    { each: cache, scope: SCOPE },
    { each: cache.namespace("eu"), scope: CHILD },
  ].flatMap((place) => KINDS.map((kind) => ({ ...place, ...kind })));
  for (const { each, tags, id } of kinds) await each.set(id, id, { tags });
  for (const each of messages) tell(bus, each);
  const held = async (): Promise<readonly string[]> => {
    const found = await l1.many.get(kinds.map(({ scope, id }) => `${scope}:${id}`));
    return found.map((entry) => String(entry?.value));
  };
  return { bus, held };
}

function said(bus: HandBus, { invalidation, epoch, sequence }: Message): void {
  bus.say({ type: "invalidated", ...invalidation, epoch, sequence });
}

describe("C13 messages come in any order and any number of times", () => {
  test("and the same copies are left", async () => {
    let hidden = 0;
    const property = fc.asyncProperty(twice, async ({ once, again }) => {
      const [expected, found] = await Promise.all([node(said, once), node(said, again)]);
      const held = await expected.held();
      hidden += held.filter((value) => value === "undefined").length;
      expect(await found.held()).toEqual(held);
    });
    await fc.assert(property, { numRuns: 100 * FACTOR, seed: SEED });
    expect(hidden).toBeGreaterThan(0);
  });

  test("one that is repeated does not take what came since", async () => {
    const clock = manualClock();
    const bus = handBus();
    const cache = createCache<string>({
      store: tiered({ l1: memoryStore({ clock }), l2: farStore({ clock }).connect(), bus: bus.bus }),
      namespace: "shop",
    });
    await cache.set("a", "old");
    const heard = { invalidation: { scope: SCOPE }, epoch: "now", sequence: 7 };
    said(bus, heard);
    await cache.set("a", "new");
    const reads = cache.stats().tiers;
    said(bus, heard);
    expect(await cache.get("a")).toBe("new");
    expect(cache.stats().tiers).toEqual({ ...reads, memory: (reads["memory"] ?? 0) + 1 });
  });

  test("one that is made up hides what it names, once, and keeps no later one from being heard", async () => {
    const { bus, held } = await node(said, []);
    said(bus, { invalidation: { scope: CHILD, tags: ["t"] }, epoch: "made up", sequence: Number.MAX_SAFE_INTEGER });
    expect(await held()).toEqual(["none", "t", "u+v", "none", "undefined", "u+v"]);
    said(bus, { invalidation: { scope: CHILD }, epoch: "made up", sequence: 1 });
    expect(await held()).toEqual(["none", "t", "u+v", "undefined", "undefined", "undefined"]);
  });
});

describe("C16 generations that are lost hide entries, and bring none back", () => {
  const losses: ReadonlyArray<readonly [name: string, lose: (far: FarStore) => void]> = [
    ["evicted", (far) => far.evict(SCOPE)],
    ["flushed", (far) => far.flush()],
    ["evicted after they were made anew", (far) => [1, 2].forEach(() => far.evict(SCOPE))],
  ];

  test.each(losses)("%s", async (_name, lose) => {
    const clock = manualClock();
    const far = farStore({ clock });
    const open = () => createCache<string>({ store: far.connect(), namespace: "shop", ttl: "1h", tags: ["t"] });
    const [writer, reader] = [open(), open()];
    await writer.set("cleared", "old");
    await writer.clear();
    await writer.set("tagged", "old");
    await writer.invalidateTags("t");
    await writer.set("valid", "new");
    lose(far);
    await reader.set("another", "makes the record anew");
    for (const id of ["cleared", "tagged", "valid"]) expect(await reader.get(id)).toBeUndefined();
    expect(await reader.getOrSet("valid", () => "loaded")).toBe("loaded");
    expect(await open().get("valid")).toBe("loaded");
  });

  test("a failover that takes an invalidation back has its node make it again", async () => {
    const clock = manualClock();
    const far = farStore({ clock });
    const bus = handBus();
    const store = tiered({ l1: memoryStore({ clock }), l2: far.connect(), bus: bus.bus });
    const writer = createCache<string>({ store, namespace: "shop", ttl: "1h" });
    const reader = createCache<string>({ store: far.connect(), namespace: "shop", ttl: "1h" });
    await writer.set("deleted", "old");
    await writer.set("cleared", "old");
    far.replicate();
    await writer.delete("deleted");
    await writer.clear();
    await clock.advance(20_000);
    far.failover();
    expect(await writer.get("deleted")).toBeUndefined();
    expect(await writer.get("cleared")).toBeUndefined();
    await clock.advance(1_000);
    expect(await reader.get("deleted")).toBeUndefined();
    expect(await reader.get("cleared")).toBeUndefined();
    await writer.close();
  });

  test("without that it comes back: the test can fail", async () => {
    const clock = manualClock();
    const far = farStore({ clock });
    const [writer, reader] = [far.connect(), far.connect()].map((store: CacheStore) =>
      createCache<string>({ store, namespace: "shop", ttl: "1h" }),
    );
    await writer?.set("deleted", "old");
    far.replicate();
    await writer?.delete("deleted");
    far.failover();
    expect(await reader?.get("deleted")).toBe("old");
  });
});

describe("C16 what a process remembers of invalidations is bounded", () => {
  function entry(sequence: number, tags?: CacheEntry["tags"]) {
    return { sequence, ...(tags !== undefined && { tags }) };
  }

  test("and what is to be forgotten is dropped before", () => {
    let swept = 0;
    const invalidations = new Invalidations({ forgetting: () => (swept += 1) });
    for (let tag = 0; tag < 25_000; tag += 1) invalidations.add({ scope: SCOPE, tags: [`t${tag}`] });
    expect(swept).toBeGreaterThan(0);
    expect(invalidations.size).toBeLessThanOrEqual(20_000);
    const key = `${SCOPE}:1`;
    expect(invalidations.permits(key, entry(24_000, ["t24999"]))).toBe(false);
    expect(invalidations.permits(key, entry(invalidations.sequence, ["t24999"]))).toBe(true);
    expect(invalidations.permits(key, entry(24_000, ["other"]))).toBe(true);
  });
});
