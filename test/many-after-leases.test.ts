import { type Cache, createCache, type Id } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { farStore, localHub, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { signal } from "./support/gated-store.js";
import { redisClient } from "./support/redis-client.js";

type Node = Cache<unknown>;

/** Three nodes on one server, which hear of the end of a lease or find out when they ask again. */
function fleet({ hears }: { readonly hears: boolean } = { hears: true }) {
  const clock = manualClock();
  const [hub, server] = [localHub(), farStore({ clock })];
  const node = (name: string): Node => {
    const line = {
      async call<R>(_operation: string, step: () => R): Promise<R> {
        const answer = step();
        await nextTurn();
        return answer;
      },
      tell: (task: () => void) => hears && queueMicrotask(task),
    };
    const store = tiered({ l1: memoryStore({ clock }), l2: server.connect({ line }), bus: hub.bus(name) });
    const cache = createCache<unknown>({ store, jitter: false });
    cache.on("error", () => {});
    onTestFinished(() => cache.close());
    return cache;
  };
  return { clock, a: node("a"), b: node("b"), c: node("c") };
}

/** The first loads, which run until they are told to fail. */
class Failing {
  readonly end = signal();
  readonly begun = signal();
  readonly #calls: Promise<unknown>[] = [];

  many(node: Node, ids: readonly string[]): this {
    this.#calls.push(node.getOrSetMany(ids, () => this.#fail()));
    return this.#quiet();
  }

  singly(node: Node, ids: readonly string[]): this {
    this.#calls.push(...ids.map((id) => node.getOrSet(id, () => this.#fail())));
    return this.#quiet();
  }

  async #fail(): Promise<never> {
    this.begun.give();
    await this.end.given;
    throw new Error("down");
  }

  #quiet(): this {
    for (const call of this.#calls) call.catch(() => {});
    return this;
  }
}

/** Asks for the ids, and notes each call of its loader. `waits` is given when the first one is called. */
function asking(node: Node, ids: readonly string[], options: { readonly signal?: AbortSignal } = {}) {
  const asked: Id[][] = [];
  const waits = signal();
  const result = node.getOrSetMany(
    ids,
    async (missing) => {
      asked.push([...missing]);
      waits.give();
      return missing.map((id) => `of ${id}`);
    },
    options,
  );
  return { asked, waits: waits.given, result };
}

const ALL = new Map(["w", "x", "y", "z"].map((id) => [id, `of ${id}`]));

describe("C2: FIELD 29: ids of a batch that another node has loaded in vain", () => {
  test.each(["many", "singly"] as const)("go in one more call where it had them loaded %s", async (how) => {
    const { clock, a, b } = fleet();
    const theirs = new Failing()[how](a, ["x", "y", "z"]);
    await theirs.begun.given;
    await clock.advance(1);
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    theirs.end.give();
    expect(await result).toEqual(ALL);
    expect(asked).toEqual([["w"], ["x", "y", "z"]]);
  });

  test("go in one more call where the node does not hear of it", async () => {
    const { clock, a, b } = fleet({ hears: false });
    const theirs = new Failing().many(a, ["x", "y", "z"]);
    await theirs.begun.given;
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    theirs.end.give();
    await clock.advance(600);
    expect(await result).toEqual(ALL);
    expect(asked).toEqual([["w"], ["x", "y", "z"]]);
  });

  test("go in one more call on every node that waits, whoever is granted the leases", async () => {
    const { clock, a, b, c } = fleet();
    const theirs = new Failing().many(a, ["x", "y", "z"]);
    await theirs.begun.given;
    const [one, other] = [asking(b, ["w", "x", "y", "z"]), asking(c, ["v", "z", "y", "x"])];
    await Promise.all([one.waits, other.waits]);
    await clock.advance(1);
    theirs.end.give();
    await clock.advance(600);
    await Promise.all([one.result, other.result]);
    expect(one.asked).toEqual([["w"], ["x", "y", "z"]]);
    expect(other.asked[0]).toEqual(["v"]);
    expect(other.asked.length).toBeLessThanOrEqual(2);
  });

  test("go in one more call where a change has ended the loads of the other node", async () => {
    const { clock, a, b } = fleet();
    const theirs = new Failing().many(a, ["x", "y", "z"]);
    await theirs.begun.given;
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    await b.deleteMany(["x", "y", "z"]);
    await clock.advance(600);
    expect(await result).toEqual(ALL);
    expect(asked).toEqual([["w"], ["x", "y", "z"]]);
    theirs.end.give();
  });

  test("go without those that it has loaded after all", async () => {
    const { clock, a, b } = fleet();
    const [begun, end] = [signal(), signal()];
    const theirs = a.getOrSetMany(["x", "y", "z"], async () => {
      begun.give();
      await end.given;
      return [new Error("down"), "theirs", new Error("down")];
    });
    await begun.given;
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    end.give();
    await theirs;
    await clock.advance(600);
    expect(await result).toEqual(new Map([...ALL, ["y", "theirs"]]));
    expect(asked).toEqual([["w"], ["x", "z"]]);
  });

  test("are not held back for others that are still being loaded, since their leases may be waited for", async () => {
    const { clock, a, b, c } = fleet();
    const [first, second] = [new Failing().many(a, ["x", "y"]), new Failing().many(c, ["z"])];
    await Promise.all([first.begun.given, second.begun.given]);
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    first.end.give();
    await clock.advance(600);
    expect(asked).toEqual([["w"], ["x", "y"]]);
    second.end.give();
    await clock.advance(600);
    expect(await result).toEqual(ALL);
    expect(asked).toEqual([["w"], ["x", "y"], ["z"]]);
  });

  test("are loaded for those who have joined, where the caller of the batch has left", async () => {
    const { clock, a, b } = fleet();
    const [begun, end] = [signal(), signal()];
    const theirs = a.getOrSetMany(["x", "y"], async () => {
      begun.give();
      await end.given;
      return ["theirs", new Error("down")];
    });
    await begun.given;
    const leaving = new AbortController();
    const { waits, result } = asking(b, ["w", "x", "y"], { signal: leaving.signal });
    await waits;
    const joined = Promise.all(["x", "y"].map((id) => b.getOrSet(id, () => expect.fail("it is waited for"))));
    await clock.advance(1);
    leaving.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    await clock.advance(100);
    end.give();
    await theirs;
    await clock.advance(600);
    expect(await joined).toEqual(["theirs", "of y"]);
  });

  test("go in one more call on Redis", async () => {
    const client = redisClient();
    const [a, b] = [redisStore({ client }), redisStore({ client })].map((store) => createCache<unknown>({ store }));
    onTestFinished(async () => {
      await Promise.all([a?.close(), b?.close()]);
      client.disconnect();
    });
    if (a === undefined || b === undefined) return expect.fail("there are two nodes");
    const theirs = new Failing().many(a, ["x", "y", "z"]);
    await theirs.begun.given;
    const { asked, waits, result } = asking(b, ["w", "x", "y", "z"]);
    await waits;
    theirs.end.give();
    expect(await result).toEqual(ALL);
    expect(asked).toEqual([["w"], ["x", "y", "z"]]);
  });
});
