import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { ownName } from "./support/redis-client.js";

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs the script to its end; one that does not end by itself is killed with its test. */
function run(use: string, end: string): Promise<Ended> {
  const settings = JSON.stringify({ url: inject("redisUrl"), channel: ownName(), use, end });
  const script = fileURLToPath(new URL("support/ending-process.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, settings], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
}

const ENDINGS = [
  ["redis", "disconnect"],
  ["redisBus", "disconnect"],
  ["redisBus", "quit"],
  ["redisBus", "close"],
  ["redisBus", "leave the client uncounted"],
  ["redisTracking", "disconnect"],
  ["redisTracking", "leave the client uncounted"],
  ["memory", "nothing"],
] as const;
const HANGING = ["a refresh behind that never ends", "a soft timeout on a load that never ends"];

describe("C36: a script that closes no cache ends by itself", () => {
  test.each(ENDINGS)("FIELD 36: on %s, with nothing at the end but: %s", async (use, end) => {
    expect(await run(use, end)).toEqual({ code: 0, said: "" });
  });

  test("FIELD 36: over Redis, where the client goes under calls that nobody awaits: they are told of, and it ends", async () => {
    const { code, said } = await run("redisBus", "disconnect at once");
    expect(code).toBe(0);
    expect(said).toContain("Connection is closed");
  });

  test.each(["memory", "redisBus"].flatMap((use) => HANGING.map((end) => [use, end] as const)))(
    "FIELD 36: on %s, behind %s",
    async (use, end) => {
      expect((await run(use, end)).code).toBe(0);
    },
  );

  test("FIELD 36: on memory, but not before a caller who waits has its answer", async () => {
    const end = "a caller that waits for a load that never ends";
    expect(await run("memory", end)).toEqual({ code: 0, said: "LOAD_TIMEOUT" });
  });
});
