import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { on, once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SCALE = { GRANARY_DEMO_SCALE: "0.1" };

// The demo runs as its users run it: compiled.
beforeAll(() => {
  execFileSync(`${root}node_modules/.bin/tsc`, ["-b", "examples"], { cwd: root });
}, 120_000);

/** What the machine has, by how the demo should use it. */
const machines: ReadonlyArray<readonly [machine: string, uses: string, environment: () => NodeJS.ProcessEnv]> = [
  ["with a Redis at REDIS_URL", "at REDIS_URL", () => ({ ...SCALE, REDIS_URL: inject("redisUrl") })],
  ["with a redis-server to start", "started for this demo", () => ({ ...SCALE, PATH: process.env["PATH"] })],
  ["without Redis", "embedded: held by the first process", () => ({ ...SCALE, PATH: "" })],
];

describe.each(machines)("on a machine %s the demo", (_, uses, environment) => {
  test("shows what it should, and leaves nothing behind", async () => {
    const { code, text, errors, group } = await runDemo(environment());
    expect(unexpected(errors)).toEqual([]);
    expect(code).toBe(0);
    expect(factOf(text, "L2")).toContain(uses);
    expect(text).not.toContain("\u001b");
    expectSavedLoads(text);
    expectSeenChanges(text);
    expect(isAlive(group)).toBe(false);
    await expectNobodyAtPortOf(text);
  });
});

test("the demo takes its keys out of a Redis that was there before", async () => {
  const client = new Redis(inject("redisUrl"));
  onTestFinished(() => client.disconnect());
  const { text } = await runDemo({ ...SCALE, REDIS_URL: inject("redisUrl") });
  expect(text).toContain("Done in");
  expect(await client.keys("granary-demo-*")).toEqual([]);
});

test.each([
  { event: "SIGTERM, which reaches its first process", signal: "SIGTERM", code: 143, reach: 1 },
  { event: "Ctrl-C, which reaches all of them", signal: "SIGINT", code: 130, reach: -1 },
])("the demo ends what it started on $event", async ({ signal, code, reach }) => {
  const demo = startDemo({ GRANARY_DEMO_SCALE: "1", PATH: process.env["PATH"] });
  const ended = once(demo, "close");
  const errors: string[] = [];
  demo.stderr?.on("data", (data: Buffer) => errors.push(data.toString()));
  const text = await said(demo, "1. Shopping");
  process.kill(reach * demo.pid!, signal);
  expect(await ended).toEqual([code, null]);
  expect(errors).toEqual([]);
  expect(isAlive(demo.pid)).toBe(false);
  expect(text).toContain("started for this demo on port");
  await expectNobodyAtPortOf(text);
});

test("the demo says so when nothing answers at REDIS_URL", async () => {
  const { code, errors, group } = await runDemo({ ...SCALE, REDIS_URL: "redis://127.0.0.1:1" });
  expect(code).toBe(1);
  expect(errors).toContain("The Redis that the demo was told to use cannot be used");
  expect(isAlive(group)).toBe(false);
});

/**
 * What a demo may not say. On a slow machine a call of the far tier may run into its limit, here or by the clock of Redis,
 * of which the cache tells: each time with all lines of an error.
 */
function unexpected(errors: string): readonly string[] {
  const told = errors.split(/^(?=\S)(?!\})/m).filter((text) => text.trim() !== "");
  return told.filter((text) => !(text.startsWith("granary: ") && text.includes("code: 'STORE_TIMEOUT'")));
}

function expectSavedLoads(text: string): void {
  const [saved, reads] = numbersOf(factOf(text, "loads saved"));
  expect(reads).toBeGreaterThan(1_000);
  expect(saved).toBeGreaterThan(reads! / 2);
  expect(saved).toBeLessThan(reads!);
  const [equal, compared] = numbersOf(factOf(text, "types kept"));
  expect(compared).toBeGreaterThan(100);
  expect(equal).toBe(compared);
  const [loads, readers] = numbersOf(factOf(text, "loads"));
  expect(loads).toBeGreaterThan(0);
  expect(loads).toBeLessThan(readers! / 10);
}

function expectSeenChanges(text: string): void {
  const [seen, expected] = numbersOf(factOf(text, "seen by others"));
  expect(seen).toBeGreaterThan(0);
  expect(seen).toBe(expected);
  expect(factOf(text, "delay")).toMatch(/^median [\d.]+ (µs|ms), longest [\d.]+ (µs|ms)$/);
}

/** A Redis that the demo has started is gone. */
async function expectNobodyAtPortOf(text: string): Promise<void> {
  const port = /on port (\d+)/.exec(text)?.[1];
  if (port === undefined) return;
  await expect(once(connect(Number(port), "127.0.0.1"), "connect")).rejects.toThrow("ECONNREFUSED");
}

/** What the demo says about `name`. */
function factOf(text: string, name: string): string {
  return new RegExp(`^  ${name} {3,}(.*)$`, "m").exec(text)?.[1] ?? `nothing about ${name}`;
}

function numbersOf(fact: string): readonly number[] {
  return [...fact.matchAll(/\d[\d,]*/g)].map(([digits]) => Number(digits.replaceAll(",", "")));
}

async function runDemo(environment: NodeJS.ProcessEnv) {
  const demo = startDemo(environment);
  const said = { text: "", errors: "" };
  demo.stdout?.on("data", (data: Buffer) => void (said.text += data.toString()));
  demo.stderr?.on("data", (data: Buffer) => void (said.errors += data.toString()));
  const [code] = (await once(demo, "close")) as [number | null];
  return { code, group: demo.pid, ...said };
}

/** Resolves once the demo has printed `wanted`. */
async function said(demo: ChildProcess, wanted: string): Promise<string> {
  let text = "";
  for await (const [data] of on(demo.stdout!, "data")) {
    text += String(data);
    if (text.includes(wanted)) return text;
  }
  return text;
}

/** Starts the demo in a process group of its own, so that whatever it leaves behind can be found. */
function startDemo(environment: NodeJS.ProcessEnv): ChildProcess {
  const file = `${root}examples/dist/demo/main.js`;
  const demo = spawn(process.execPath, [file], { env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void (isAlive(demo.pid) && process.kill(-demo.pid!, "SIGKILL")));
  return demo;
}

/** Whether any process of the group is there. */
function isAlive(group: number | undefined): boolean {
  if (group === undefined) throw new Error("The demo did not start.");
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
