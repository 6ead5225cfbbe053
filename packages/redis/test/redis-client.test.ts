import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CacheError } from "@granary/core";
import { type RedisClient, redisBus, redisStore, redisTracking } from "@granary/redis";
import { Command, Redis } from "ioredis";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { startRedis } from "../../../test/support/redis-server.js";
import { until } from "./support/bus-listening.js";
import { ALL_LIBRARIES, forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { entryOf } from "./support/entries.js";

const here = dirname(fileURLToPath(import.meta.url));

test.each([undefined, null, "redis://localhost", {}, { get: () => null, set: () => null, isOpen: true }])(
  "a client that is not one is refused at once, with what to write instead: %j",
  (client) => {
    for (const [name, factory] of Object.entries({ redisStore, redisBus, redisTracking })) {
      const error = thrownBy(() => factory({ client: client as unknown as RedisClient }));
      expect(error).toMatchObject({ code: "INVALID_OPTION" });
      expect(error.message).toContain(`${name}({ client: new Redis(url) })`);
    }
  },
);

test("no options at all are refused in the same words", () => {
  for (const factory of [redisStore, redisBus, redisTracking] as ((options?: unknown) => unknown)[]) {
    expect(thrownBy(() => factory())).toMatchObject({ code: "INVALID_OPTION" });
  }
});

test("a channel that is empty and a serializer that is none are refused", () => {
  const methods = ["getBuffer", "mgetBuffer", "callBuffer", "time", "ping", "scan", "publish", "duplicate"];
  const client = Object.fromEntries([...methods, "on", "off"].map((method) => [method, () => undefined]));
  const like = { ...client, options: {} } as unknown as RedisClient;
  expect(thrownBy(() => redisBus({ client: like, channel: "" }))).toMatchObject({ code: "INVALID_OPTION" });
  const serializer = JSON as unknown as { encode(): string; decode(): unknown };
  expect(thrownBy(() => redisStore({ client: like, serializer }))).toMatchObject({ code: "INVALID_OPTION" });
  expect(thrownBy(() => redisStore({ client: { ...like, isCluster: true } })).message).toContain("nodes()");
});

test("clients of all three libraries are taken without a cast, and others are refused by their type", () => {
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const project = join(here, "types", "tsconfig.json");
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", project, "--pretty", "false", "--listFiles"], {
    encoding: "utf8",
  });
  const looked = stdout.split("\n").map((line) => line.trim());
  const ofClients = looked.filter((line) => line.includes("types/clients.ts"));
  expect(looked.filter((line) => /(ioredis|iovalkey)[^(]*Redis\.d\.ts$/.test(line)).length).toBeGreaterThanOrEqual(3);
  expect(ofClients).toEqual([join(here, "types", "clients.ts")]);
});

function thrownBy(call: () => unknown, otherwise?: string): CacheError {
  try {
    call();
  } catch (error) {
    return error as CacheError;
  }
  if (otherwise !== undefined) return new CacheError("STORE_FAILED", otherwise);
  throw new Error("Nothing was thrown.");
}

describe("C42: a client that can serve no cache is refused at once, with what to write instead", () => {
  const redisUrl = inject("redisUrl");

  test.each(ALL_LIBRARIES)("one that was closed, of $library", async ({ connect }) => {
    const client = forThisTest(connect(redisUrl));
    await client.ping();
    await client.quit();
    await until(() => client.status === "end");
    for (const factory of [redisStore, redisBus, redisTracking])
      expect(thrownBy(() => factory({ client })).message).toContain("new Redis(url)");
  });

  // The first ioredis 5 does not say so: there each call is refused by the client, in as clear words.
  test.each(LIBRARIES)("one that only listens, or monitors, of $library", async ({ library, connect }) => {
    const client = forThisTest(connect(redisUrl));
    await client.subscribe(ownPrefix());
    const refused = [redisStore, redisBus].map((factory) => thrownBy(() => factory({ client }), "nothing").message);
    // Over RESP3 it may do all else as well.
    expect(refused).toEqual(
      Array(2).fill(library === "ioredis 6" ? "nothing" : expect.stringContaining("duplicate()")),
    );
    // On a server of its own: ioredis 5 breaks where a command of somebody else comes right behind the answer.
    const quiet = await startRedis();
    onTestFinished(() => quiet.stop());
    const monitor = forThisTest(await forThisTest(connect(quiet.url)).monitor());
    expect(thrownBy(() => redisStore({ client: monitor })).message).toContain("new Redis(url)");
  });

  test("one whose replies are turned into something else is told of at the first read", async () => {
    Command.setReplyTransformer("get", (reply: unknown) => String(reply));
    onTestFinished(() => Command.setReplyTransformer("get", (reply: unknown) => reply));
    const client = forThisTest(new Redis(redisUrl, { keyPrefix: ownPrefix() }));
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    await store.set("k", entryOf(1));
    await expect(store.get("k")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
