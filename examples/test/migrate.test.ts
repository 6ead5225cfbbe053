import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ownRedis } from "../../test/support/own-redis.js";

const redis = ownRedis();

/** Runs the program of the page in a process of its own, in CommonJS, on the built packages. */
async function run(): Promise<string> {
  const main = fileURLToPath(new URL("../migrate/main.cjs", import.meta.url));
  const env = { ...process.env, REDIS_URL: redis.server.url };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { env });
  expect(stderr).toBe("");
  return stdout;
}

test("a thousand reads in one process ask the database once, and those of the next process not at all", async () => {
  expect(await run()).toContain("reads of the database: 1\n");
  expect(await run()).toContain("reads of the database: 0\n");
});
