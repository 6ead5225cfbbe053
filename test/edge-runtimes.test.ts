import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./support/workspace.js";

let worker: Miniflare;

beforeAll(async () => {
  const built = await build({
    stdin: { contents: readFileSync(`${root}test/support/edge-worker.js`, "utf8"), resolveDir: `${root}test` },
    alias: Object.fromEntries(
      ["core", "memory", "tiered"].map((name) => [`@granary/${name}`, `${root}packages/${name}/src/index.ts`]),
    ),
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd"],
  });
  const script = built.outputFiles[0]?.text ?? "";
  worker = new Miniflare({ modules: true, script, compatibilityDate: "2025-11-01" });
});

afterAll(() => worker.dispose());

async function ask(path: string): Promise<unknown> {
  const response = await worker.dispatchFetch(`http://edge/${path}`);
  return response.status === 200 ? response.json() : `${response.status} ${await response.text()}`;
}

const together = (path: string, times = 5): Promise<unknown[]> =>
  Promise.all(Array.from({ length: times }, () => ask(path)));

const five = (answer: unknown): unknown[] => [answer, answer, answer, answer, answer];

/** Asks until the answer is `wanted`. Each request takes its time, and is an end of the one before. */
async function until(path: string, wanted: unknown): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await ask(path)) !== wanted)
    if (performance.now() > deadline) throw new Error(`${path} is not ${String(wanted)}`);
}

describe.each(["near", "both"])("FIELD 25 (C47): one cache in the module of a worker, %s", (on) => {
  test("serves requests that ask for a cold key at once", async () => {
    expect(await together(`${on}/load/cold`)).toEqual(five("new"));
    expect(await together(`${on}/load/cold`)).toEqual(five("new"));
    expect(await ask(`${on}/get/cold`)).toBe("new");
  });

  test("serves stale, and is kept alive for the refresh behind by waitUntil", async () => {
    const stale = `stale in ${on}`;
    await ask(`${on}/expire/${stale}`);
    expect(await together(`${on}/refresh/${stale}`)).toEqual(five("old"));
    await ask(`${on}/release/${stale}`);
    await until(`${on}/get/${stale}`, "new");
  });

  test("serves every later request after a refresh behind that ended with its request", async () => {
    await ask(`${on}/expire/cut`);
    expect(await ask(`${on}/refreshAlone/cut`)).toBe("old");
    expect(await together(`${on}/refreshAlone/cut`)).toEqual(five("old"));
    expect(await together(`${on}/load/cut`)).toEqual(five("new"));
  });

  test("gives up what takes longer than hardTimeout, each time", async () => {
    expect(await together(`${on}/stuck/never`)).toEqual(five("LOAD_TIMEOUT"));
    expect(await together(`${on}/stuck/never`)).toEqual(five("LOAD_TIMEOUT"));
  });

  test("does not wait for what another request began and left", async () => {
    expect(await ask(`${on}/leave/left`)).toBe("left");
    expect(await together(`${on}/load/left`)).toEqual(five("new"));
  });

  test("writes and reads many at once", async () => {
    expect(await together(`${on}/set/written`)).toEqual(five(true));
    expect(await together(`${on}/many/several`)).toEqual(five(["new", "new"]));
  });
});

test("FIELD 25 (C47): a refresh behind that is under way is not begun by every request", async () => {
  await ask("near/expire/busy");
  const before = await ask("near/loads/");
  expect(await together("near/refresh/busy")).toEqual(five("old"));
  expect(await ask("near/loads/")).toBe((before as number) + 1);
  await ask("near/release/busy");
});
