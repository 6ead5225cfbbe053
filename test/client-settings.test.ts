import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type RedisClient, redisBus, redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { SETTINGS, type SettingRow } from "../packages/redis/test/support/client-settings.js";
import { ALL_LIBRARIES, forThisTest } from "../packages/redis/test/support/clients.js";
import { type RedisCluster, startCluster } from "../packages/redis/test/support/cluster.js";
import { type Sentinels, startSentinels } from "./faults/support/sentinels.js";
import { ownName } from "./support/redis-client.js";
import { read } from "./support/workspace.js";

const KINDS = ["Redis", "Sentinel", "Cluster"] as const;

let cluster: RedisCluster | undefined;
let sentinels: Sentinels | undefined;
beforeAll(async () => {
  [cluster, sentinels] = await Promise.all([startCluster(), startSentinels()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([cluster?.stop(), sentinels?.stop()]);
});

type Library = (typeof ALL_LIBRARIES)[number];

/** A client as the row says, or a plain one that sees the same keys. */
function clientOf({ connect, connectCluster }: Library, kind: SettingRow["client"], options: object) {
  if (kind === "Cluster") return connectCluster(cluster?.ports[0] ?? 0, options);
  if (kind === "Redis") return connect(inject("redisUrl"), options);
  const { sentinels: ports = [], name = "" } = sentinels?.client ?? {};
  return connect("", { ...options, name, sentinels: ports.map((port) => ({ host: "127.0.0.1", port })) } as object);
}

const thrownBy = (make: () => unknown): unknown => {
  try {
    return make();
  } catch (error) {
    return error;
  }
};

/** No test may depend on how fast the machine is. */
const PATIENT = { l2Timeout: "30s", breaker: false } as const;

/** A node on `client`, and what went wrong there. */
function nodeOn(client: RedisClient, namespace: string) {
  const bus = redisBus({ client, channel: namespace });
  const cache = createCache<unknown>({
    namespace,
    store: tiered({ l1: memoryStore({ maxEntries: 1_000 }), l2: redisStore({ client }), bus, ...PATIENT }),
  });
  const errors: unknown[] = [];
  cache.on("error", ({ error }) => errors.push(error));
  return { cache, errors };
}

type Node = ReturnType<typeof nodeOn>;

/** Everything that a cache asks of a client, seen by a node that has a plain one. */
async function judge(
  { cache: node, errors }: Node,
  { cache: witness }: Node,
  forget: () => Promise<unknown>,
): Promise<void> {
  const seen = (id: string, value: unknown) => soon(async () => expect(await witness.get(id)).toEqual(value));
  // A client without a queue refuses until it is connected.
  await soon(async () => {
    await node.set("begun", 1);
    expect(await witness.get("begun")).toBe(1);
  });
  errors.length = 0;
  await forget();
  expect(await node.getOrSet("one", async () => "loaded")).toBe("loaded");
  await seen("one", "loaded");
  expect(await node.getOrSetMany(["a", "b", "c"], async (ids) => [...ids])).toEqual(
    new Map(["a", "b", "c"].map((id) => [id, id])),
  );
  await seen("c", "c");
  expect(await node.setMany(["d", "e", "f", "g"].map((id) => [id, id] as const))).toBe(true);
  expect((await witness.getMany(["a", "b", "c", "d", "e", "f", "g"])).size).toBe(7);
  expect(await node.getMany(["a", "b", "c", "d", "e", "f", "g"])).toEqual(
    await witness.getMany(["a", "b", "c", "d", "e", "f", "g"]),
  );
  expect(await node.delete("a")).toBe(true);
  await seen("a", undefined);
  await witness.set("b", "from elsewhere");
  await soon(async () => expect(await node.get("b")).toBe("from elsewhere"));
  await node.set("tagged", 1, { tags: ["red"] });
  await seen("tagged", 1);
  await node.invalidateTags("red");
  await seen("tagged", undefined);
  expect(await node.deleteMany(["d", "e"])).toBe(2);
  expect(await node.invalidatePattern("f*")).toBeGreaterThan(0);
  await seen("f", undefined);
  expect(await node.clear()).toBe(true);
  await seen("g", undefined);
}

/** Resolves once `look` finds no fault, which another node may take a moment to come to. */
async function soon(look: () => Promise<void>): Promise<void> {
  await vi.waitFor(look, { timeout: 10_000, interval: 10 });
}

test("C42: the page has every row of the table", () => {
  const rows = SETTINGS.map(({ client, setting, outcome, note = "" }) => {
    const said = outcome === "works" ? "works" : `refused: write \`${outcome.write}\``;
    return `| \`${client}\` | \`${setting}\` | ${said} | ${note} |`;
  });
  const page = read("docs/client-settings.md");
  expect(page.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});

describe.each(ALL_LIBRARIES)("FIELD 26, C42: with $library", (library) => {
  describe.each(KINDS)("a %s", (kind) => {
    const rows = SETTINGS.filter(({ client }) => client === kind);

    const working = rows.filter(({ outcome }) => outcome === "works");
    // They mostly wait, for connections and for each other's messages: so several at once.
    test.concurrent.for(working)("works with $setting", async ({ options }, { onTestFinished }) => {
      const client = clientOf(library, kind, options);
      const { keyPrefix, db, redisOptions } = options as Record<string, never>;
      const plain = clientOf(library, kind, { keyPrefix: keyPrefix ?? redisOptions?.["keyPrefix"] ?? "", db });
      const name = ownName();
      const [node, witness] = [nodeOn(client, name), nodeOn(plain, name)];
      onTestFinished(async () => {
        await Promise.all([node.cache.close(), witness.cache.close()]);
        for (const each of [client, plain]) each.disconnect();
      });
      // Redis has to be sent the script anew.
      await judge(node, witness, () => plain.call("SCRIPT", "FLUSH"));
      expect(node.errors).toEqual([]);
    });

    test.each(rows.filter(({ outcome }) => outcome !== "works"))("refuses $setting", ({ options, outcome }) => {
      const client = forThisTest(clientOf(library, kind, { ...options, lazyConnect: true }));
      for (const factory of [redisStore, redisTracking]) {
        const refusal = thrownBy(() => factory({ client }));
        expect(refusal).toMatchObject({ code: "INVALID_OPTION" });
        expect(String(refusal)).toContain(outcome === "works" ? "" : outcome.write);
      }
    });
  });
});
