import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { gatedStore, signal } from "./support/gated-store.js";

interface Row {
  n: number;
}

const MODES = ["cloned", "frozen"] as const;
const KINDS = ["memory", "tiers"] as const;
const CASES = KINDS.flatMap((kind) => MODES.map((values) => [kind, values] as const));

function open(kind: (typeof KINDS)[number], values: (typeof MODES)[number]) {
  const clock = manualClock();
  const l1 = memoryStore({ clock, values });
  const far = memoryStore({ clock, name: "far" });
  const gated = gatedStore(far);
  const store = kind === "memory" ? l1 : tiered({ l1, l2: gated.store });
  const cache: Cache<Row> = createCache<Row>({ store, ttl: 1_000, jitter: false, staleWhileRevalidate: "1h" });
  cache.on("error", () => undefined);
  return { clock, cache, far, gated };
}

/** As callers do who do not know better; where it is frozen they are told. */
function spoil(row: Row | undefined): void {
  expect(row).toBeDefined();
  try {
    (row as Row).n = 666;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
  }
}

describe.each(CASES)("C33: on %s with values %s", (kind, values) => {
  test("FIELD 17: each caller of one load has a value of its own, and the loader's own object is another", async () => {
    const { cache } = open(kind, values);
    const loaded = { n: 1 };
    const load = async (): Promise<Row> => loaded;
    const rows = await Promise.all([
      cache.getOrSet("a", load),
      cache.getOrSet("a", load),
      cache.getOrSetMany(["a"], async () => [loaded]).then((found) => found.get("a") as Row),
      cache.wrap(load, { id: () => "a" })(),
    ]);
    loaded.n = 666;
    for (const row of rows) {
      expect(row).toEqual({ n: 1 });
      spoil(row);
    }
    expect(await cache.get("a")).toEqual({ n: 1 });
  });

  test("FIELD 17: what is set is what it was at the call", async () => {
    const { cache } = open(kind, values);
    const row = { n: 1 };
    const [first, second] = [cache.set("a", row), cache.set("a", row)];
    const many = cache.setMany([["b", row]]);
    row.n = 666;
    await Promise.all([first, second, many]);
    expect([await cache.get("a"), await cache.get("b")]).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test("FIELD 17: a stale value, what a refresh is given as previous, and what is told as unchanged, are apart", async () => {
    const { cache, clock } = open(kind, values);
    await cache.set("a", { n: 1 });
    await clock.advance(2_000);
    const [begun, goOn] = [signal(), signal()];
    const stale = await cache.getOrSet("a", async (context) => {
      spoil(context.previous?.value);
      begun.give();
      await goOn.given;
      return context.notModified();
    });
    spoil(stale);
    await begun.given;
    const joined = await cache.getOrSet("a", () => ({ n: 3 }));
    expect(joined).toEqual({ n: 1 });
    spoil(joined);
    const landed = new Promise((resolve) => cache.on("load", resolve));
    goOn.give();
    await landed;
    expect(await cache.get("a")).toEqual({ n: 1 });
    spoil((await cache.entry("a"))?.value as Row);
    for await (const found of cache.entries()) spoil(found.entry.value);
    expect(await cache.get("a")).toEqual({ n: 1 });
  });
});

test.each(MODES)("FIELD 17: a set that far did not take is made up for as it was, with values %s", async (values) => {
  const { cache, clock, gated, far } = open("tiers", values);
  const row = { n: 0 };
  const reply = gated.hold("set", "before");
  const setting = cache.set("a", row);
  await reply.reached;
  row.n = 666;
  reply.release();
  await setting;
  await clock.advance(1_000);
  expect(far.get("granary:v1:default:a")?.value).toEqual({ n: 0 });
});
