import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, localHub, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { cutLine } from "./support/cut-line.js";

const POLICY = { jitter: false, ttl: "1h", staleIfError: "6h" } as const;

function fleet() {
  const [clock, hub] = [manualClock(), localHub()];
  const server = farStore({ clock });
  const node = (name: string) => {
    const line = cutLine();
    const store = tiered({ l1: memoryStore({ clock }), l2: server.connect({ line }), bus: hub.bus(name) });
    const cache = createCache<string | undefined>({ store, ...POLICY });
    cache.on("error", () => {});
    return { cache, line };
  };
  return { clock, far: server.connect(), node };
}

/** A load that has begun, and is told by the test what it finds. */
function heldLoad(): { readonly begun: Promise<void>; loader(): Promise<undefined>; findNothing(): void } {
  let begin: () => void = () => {};
  let find: () => void = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  return {
    begun,
    loader: () => {
      begin();
      return new Promise<undefined>((resolve) => (find = () => resolve(undefined)));
    },
    findNothing: () => find(),
  };
}

const KEY = "granary:v1:default:u";
const down = (): Promise<never> => Promise.reject(new Error("down"));

describe("C38 C9: FIELD 11: a load that finds nothing ends what it was to replace", () => {
  test("but not what another node has written since it began", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await a.cache.set("u", "old");
    await a.cache.expire("u");
    const load = heldLoad();
    const loading = a.cache.getOrSet("u", load.loader);
    await load.begun;
    await clock.advance(20);
    expect(await b.cache.set("u", "new")).toBe(true);
    load.findNothing();
    expect(await loading).toBeUndefined();
    expect((await far.get(KEY))?.value).toBe("new");
    expect(await a.cache.get("u")).toBe("new");
    expect(await b.cache.get("u")).toBe("new");
  });

  test("once far is back, where that could not be reached at its end", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await a.cache.set("u", "old");
    expect(await b.cache.get("u")).toBe("old");
    await a.cache.expire("u");
    const load = heldLoad();
    const loading = a.cache.getOrSet("u", load.loader);
    await load.begun;
    a.line.state = "cut";
    load.findNothing();
    expect(await loading).toBeUndefined();
    await expect(a.cache.getOrSet("u", down)).rejects.toThrow("down");
    a.line.state = "whole";
    // The lease, which could not be given back, runs out meanwhile.
    await clock.advance(4_000);
    expect(await far.get(KEY)).toBeUndefined();
    await expect(a.cache.getOrSet("u", down)).rejects.toThrow("down");
    await expect(b.cache.getOrSet("u", down)).rejects.toThrow("down");
  });

  test("once far is back, where that could not be reached at all", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("u", "old");
    await clock.advance(20);
    a.line.state = "cut";
    expect(await a.cache.getOrSet("u", () => undefined)).toBeUndefined();
    a.line.state = "whole";
    expect(await a.cache.get("u")).toBeUndefined();
    await clock.advance(2_000);
    expect(await far.get(KEY)).toBeUndefined();
    expect(await b.cache.get("u")).toBeUndefined();
  });

  test("and once far is back leaves what another node has written since it began", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    a.line.state = "cut";
    const load = heldLoad();
    const loading = a.cache.getOrSet("u", load.loader);
    await load.begun;
    await clock.advance(20);
    await b.cache.set("u", "new");
    load.findNothing();
    expect(await loading).toBeUndefined();
    a.line.state = "whole";
    await clock.advance(2_000);
    expect((await far.get(KEY))?.value).toBe("new");
    expect(await a.cache.get("u")).toBe("new");
  });

  test("and tells nobody where nothing was there", async () => {
    const { node } = fleet();
    const a = node("a");
    await a.cache.getOrSet("u", () => undefined);
    await nextTurn();
    expect(a.line.carried.filter((name) => name === "fill" || name === "delete")).toEqual([]);
  });
});
