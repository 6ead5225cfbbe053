import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** Dependencies that are ES modules only: the CommonJS form brings them along, for runtimes that cannot require them. */
export const esmOnly = ["superjson"];

/**
 * Bundles `name` into the CommonJS modules of `folder`. They take the one that the application has where that can be
 * required, so that there is one copy: what an application registers there is known to us.
 */
export async function bringAlong(name, folder) {
  const { metafile } = await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: "." },
    outfile: join(folder, `brought/${name}.own.js`),
    bundle: true,
    format: "cjs",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    metafile: true,
  });
  await writeFile(join(folder, `brought/${name}.js`), eitherOf(name));
  await writeFile(join(folder, "brought/LICENSES.txt"), await licencesOf(Object.keys(metafile.inputs)));
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".js") || file.startsWith("brought")) continue;
    const text = await readFile(join(folder, file), "utf8");
    const toFolder = "../".repeat(file.split("/").length - 1) || "./";
    await writeFile(
      join(folder, file),
      text.replaceAll(`require("${name}")`, `require("${toFolder}brought/${name}.js")`),
    );
  }
}

/** Types of CommonJS may name those of an ES module only so. */
export function typesOfEsm(text) {
  return text.replace(/^import (?:type )?(.* from "(.+)");$/gm, (line, rest, name) =>
    esmOnly.includes(name) ? `import type ${rest} with { "resolution-mode": "import" };` : line,
  );
}

function eitherOf(name) {
  return `"use strict";
try {
  module.exports = require(${JSON.stringify(name)});
} catch (error) {
  // "Must use import to load ES Module": jest, and Node before it could require one.
  if (error.code !== "ERR_REQUIRE_ESM" && error.code !== "MODULE_NOT_FOUND" && !(error.name === "SyntaxError")) throw error;
  module.exports = require("./${name}.own.js");
}
`;
}

async function licencesOf(files) {
  const folders = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean));
  const texts = [];
  for (const folder of folders) {
    const name = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
    if (name === undefined) throw new Error(`${folder} has no licence`);
    texts.push(`${folder.replace(/^.*node_modules\//, "")}\n\n${await readFile(join(folder, name), "utf8")}`);
  }
  return texts.join("\n\n");
}
