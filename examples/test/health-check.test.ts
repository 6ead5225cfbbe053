import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.js";
import { startRedis } from "../../test/support/redis-server.js";
import { main } from "../health-check.js";

test("an outage of Redis is logged once, brings nothing old back, and is over by itself", async () => {
  const server = await startRedis();
  const client = new Redis(server.url);
  const lines: string[] = [];
  const sessions = main(client, (line) => lines.push(line));
  onTestFinished(async () => {
    await sessions.close();
    client.disconnect();
    await server.stop();
  });
  await sessions.cache.set("ada", "before");
  expect(sessions.health()).toEqual({ redis: "closed", owed: 0 });

  server.process.kill("SIGSTOP");
  await Promise.all(["a", "b", "c", "d", "e"].map((id) => sessions.cache.get(id)));
  expect(await sessions.cache.set("ada", "during")).toBe(false);
  expect(await sessions.cache.get("ada")).toBe("during");
  expect(sessions.health()).toEqual({ redis: "open", owed: 1 });

  server.process.kill("SIGCONT");
  await eventually(
    async () => sessions.health(),
    ({ owed, redis }) => owed === 0 && redis === "closed",
  );
  // What Redis did not take is lost, as set() has said, and so is what it was to replace.
  expect(await client.get("granary:v1:sessions:ada")).toBeNull();
  expect(await sessions.cache.get("ada")).toBeUndefined();
  expect(lines.filter((line) => line.startsWith("redis is")).at(0)).toBe("redis is open");
  expect(lines.filter((line) => line.startsWith("redis is")).at(-1)).toBe("redis is back");
});
