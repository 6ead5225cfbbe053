// Builds the CommonJS form of the package in the current folder, beside the ES modules that `tsc -b` has built.
// Node takes the ES modules for `require` too; this form is for what cannot, such as jest as it comes.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { bringAlong, esmOnly, typesOfEsm } from "./lib/esm-only.mjs";

const folder = "dist/cjs";

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
// The nearest package.json says what a `.js` is.
await writeFile(join(folder, "package.json"), '{ "type": "commonjs", "sideEffects": false }\n');
await buildModules();
await copyTypes();

async function buildModules() {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(await readFile("package.json", "utf8"));
  const brought = esmOnly.filter((name) => name in { ...dependencies, ...peerDependencies });
  const entryPoints = (await filesIn("src")).filter((file) => file.endsWith(".ts")).map((file) => join("src", file));
  const options = { outbase: "src", format: "cjs", target: "es2022", platform: "neutral", logLevel: "warning" };
  // What a module is told of itself, under the names that CommonJS has for it.
  const define = { "import.meta.url": "__filename", "import.meta.require": "require" };
  await build({ ...options, define, entryPoints, outdir: folder });
  for (const name of brought) await bringAlong(name, folder);
}

/** The same types under another format: a `.d.ts` is of the kind that the nearest package.json says. */
async function copyTypes() {
  const files = (await filesIn("dist")).filter((file) => file.endsWith(".d.ts") && !file.startsWith("cjs"));
  for (const file of files) {
    const text = await readFile(join("dist", file), "utf8");
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), typesOfEsm(text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n")));
  }
}

async function filesIn(from) {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1));
}
