import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.js";
import { ownRedis } from "../../test/support/own-redis.js";

const redis = ownRedis();

/** Runs the program of the page in a process of its own, in CommonJS, on the built packages. */
async function run(): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const main = fileURLToPath(new URL("../migrate/main.cjs", import.meta.url));
  const env = { ...process.env, REDIS_URL: redis.server.url };
  return promisify(execFile)(process.execPath, [main], { env });
}

/** A slow machine may take longer over Redis than the program waits for it: it says so, and reads its database. */
const wasInTime = ({ stderr }: { readonly stderr: string }): boolean => !stderr.includes("did not answer within");

test("a thousand reads in one process ask the database once, and those of the next process not at all", async () => {
  const anew = async () => {
    await redis.admin.flushall();
    return run();
  };
  const [one, next] = [await eventually(anew, wasInTime), await eventually(run, wasInTime)];
  expect([one.stderr, next.stderr]).toEqual(["", ""]);
  expect(one.stdout).toContain("reads of the database: 1\n");
  expect(next.stdout).toContain("reads of the database: 0\n");
});
