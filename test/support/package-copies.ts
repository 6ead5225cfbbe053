import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { packages, root } from "./workspace.js";

/** What a copy of the packages gives. */
export type Copy = Pick<typeof import("@granary/core"), "createCache"> &
  Pick<typeof import("@granary/memory"), "memoryStore"> &
  Pick<typeof import("@granary/redis"), "redisStore" | "redisBus"> &
  Pick<typeof import("@granary/tiered"), "tiered">;

const CONTENTS = ["core", "memory", "redis", "tiered"].map((name) => `export * from "@granary/${name}";`).join("\n");

/** So many copies of the packages, each a bundle of its own, as route bundles and hot reloads make them. */
export async function packageCopies(count: number): Promise<readonly Copy[]> {
  const folder = await mkdtemp(join(tmpdir(), "granary-copies-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const alias = Object.fromEntries(
    packages.map((name) => [`@granary/${name}`, `${root}packages/${name}/src/index.ts`]),
  );
  const stdin = { contents: CONTENTS, resolveDir: `${root}test` };
  const [file] = (
    await build({ stdin, alias, bundle: true, platform: "node", format: "esm", write: false, outdir: folder })
  ).outputFiles;
  return Promise.all(Array.from({ length: count }, (_, n) => importCopy(folder, `${n}`, file?.text ?? "")));
}

async function importCopy(folder: string, name: string, text: string): Promise<Copy> {
  const { writeFile } = await import("node:fs/promises");
  const path = join(folder, `copy-${name}.mjs`);
  await writeFile(path, text);
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Copy;
}
