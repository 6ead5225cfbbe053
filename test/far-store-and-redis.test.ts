import type { CacheStore, LeaseAnswer } from "@granary/core";
import { redisStore } from "@granary/redis";
import { farStore, manualClock } from "@granary/testkit";
import fc from "fast-check";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";
import { FACTOR, SEED } from "./support/fleet-model/search.js";
import { ownName } from "./support/redis-client.js";

/* The fleets of the models run on a server in this process. It has to answer as Redis does, whatever it is asked. */

const HOUR_MS = 3_600_000;
const KEYS = ["granary:v1:shop:a", "granary:v1:shop:b", "granary:v1:shop/eu:a"] as const;
const SCOPES = ["granary:v1:shop", "granary:v1:shop/eu"] as const;
const TAGS = ["t", "u"] as const;
const TOKENS = ["one", "two"] as const;

/** A server, and what may befall it. */
interface Server {
  readonly store: CacheStore;
  /** Forgets the entry, or the record of the namespace, of this name. */
  evict(name: string): Promise<unknown>;
}

/** The generations that a lease brought, as each of the servers gave them, by key and token. */
type Carried = Map<string, string | undefined>;

const key = fc.constantFrom(...KEYS);
const tags = fc.subarray([...TAGS]);
const token = fc.constantFrom(...TOKENS);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("get" as const), key }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("set" as const), key, tags }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("acquire" as const), key, token }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("fill" as const), key, token, tags }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("fill nothing" as const), key, token }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("release" as const), key, token }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("expire" as const), key, isKept: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("clear" as const), scope: fc.constantFrom(...SCOPES) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("tags" as const), scope: fc.constantFrom(...SCOPES), tags }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("evict" as const), name: fc.constantFrom(...KEYS, ...SCOPES) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("get many" as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function inProcess(clock = manualClock()): Server {
  const far = farStore({ clock });
  return { store: far.connect(), evict: async (name) => far.evict(name) };
}

function onRedis(clock = manualClock()): Server {
  const keyPrefix = `${ownName()}:`;
  const client = new Redis(inject("redisUrl"), { keyPrefix });
  onTestFinished(() => client.disconnect());
  const evict = (name: string): Promise<unknown> => {
    const [root = "", child] = name.split("/");
    const isScope = SCOPES.some((scope) => scope === name);
    const record = `granary:generation:{${root}}${child === undefined ? "" : `/${child}`}`;
    return client.del(isScope ? record : name);
  };
  return { store: redisStore({ client, clock }), evict };
}

/** What a server answers to a step, without what is its own: its epochs, and how long a lease lasts yet. */
async function answerTo({ store, evict }: Server, asked: Step, { carried, value, now }: Asking): Promise<unknown> {
  const entry = { value, createdAt: now, freshUntil: now + HOUR_MS, keepUntil: now + 2 * HOUR_MS };
  switch (asked.type) {
    case "get":
      return shown(await store.get(asked.key));
    case "get many":
      return (await store.many?.get([...KEYS]))?.map(shown);
    case "set":
      return store.set(asked.key, { ...entry, tags: asked.tags });
    case "delete":
      return store.delete(asked.key);
    case "expire":
      return store.expire?.(asked.key, { now, staleMs: asked.isKept ? HOUR_MS : 0 });
    case "clear":
      return void (await store.invalidate?.({ scope: asked.scope }));
    case "tags":
      return void (asked.tags.length > 0 && (await store.invalidate?.({ scope: asked.scope, tags: asked.tags })));
    case "evict":
      return void (await evict(asked.name));
    case "release":
      return store.leases?.release(asked.key, asked.token);
    case "acquire": {
      const answer = (await store.leases?.acquire(asked.key, asked.token)) as LeaseAnswer;
      if (answer.type === "granted") carried.set(`${asked.key} ${asked.token}`, answer.generations);
      return [answer.type, answer.type === "taken" ? answer.holder : "", shown(answer.entry)];
    }
    case "fill":
    case "fill nothing": {
      const generations = carried.get(`${asked.key} ${asked.token}`);
      const filled = asked.type === "fill" ? { ...entry, tags: asked.tags } : undefined;
      return store.leases?.fill(asked.key, filled, { token: asked.token, generations });
    }
  }
}

interface Asking {
  readonly carried: Carried;
  readonly value: number;
  readonly now: number;
}

function shown(entry: Awaited<ReturnType<CacheStore["get"]>>): unknown {
  return entry && [entry.value, entry.tags ?? [], entry.freshUntil, entry.keepUntil];
}

/** Plays the steps on both, one by one. Resolves to how many answers held an entry. */
async function play(servers: readonly [Server, Server], steps: readonly Step[], now: number): Promise<number> {
  const carried = servers.map((): Carried => new Map());
  let held = 0;
  for (const [at, asked] of steps.entries()) {
    const answers = await Promise.all(
      servers.map((server, side) => answerTo(server, asked, { carried: carried[side] as Carried, value: at, now })),
    );
    expect({ at, asked, answer: answers[1] }).toEqual({ at, asked, answer: answers[0] });
    if (Array.isArray(answers[0])) held += 1;
  }
  return held;
}

test("the far store answers every random schedule as Redis does", { timeout: 300_000 }, async () => {
  let held = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
    const clock = manualClock();
    held += await play([inProcess(clock), onRedis(clock)], steps, clock.now());
  });
  await fc.assert(property, { numRuns: 60 * FACTOR, seed: SEED });
  expect(held).toBeGreaterThan(100);
});

test("one that does not forget a lease at a set is found out", { timeout: 300_000 }, async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
    const clock = manualClock();
    const [sound, leases] = [inProcess(clock), farStore({ clock }).connect()];
    const planted: CacheStore = { ...sound.store, ...(leases.leases !== undefined && { leases: leases.leases }) };
    await play([{ ...sound, store: planted }, onRedis(clock)], steps, clock.now());
  });
  expect((await fc.check(property, { numRuns: 60, seed: SEED })).failed).toBe(true);
});
