import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Texts by path, as the checkers of this folder take them, so that a test can plant a bug in one. */
export type Files = ReadonlyMap<string, string>;

/** The folder names of the published packages. */
export const packages: readonly string[] = readdirSync(`${root}packages`).sort();

/** Every file under a folder of the repository whose name ends so; paths are relative to that folder. */
export function filesUnder(folder: string, ending: string): Files {
  const wanted = namesUnder(root + folder, "").filter((name) => name.endsWith(ending));
  return new Map(wanted.sort().map((name) => [name, readFileSync(`${root}${folder}/${name}`, "utf8")]));
}

/** Dependencies are left out: other tasks may be writing there. */
function namesUnder(folder: string, prefix: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [`${prefix}${entry.name}`];
    return entry.name === "node_modules" ? [] : namesUnder(`${folder}/${entry.name}`, `${prefix}${entry.name}/`);
  });
}

export function read(path: string): string {
  return readFileSync(root + path, "utf8");
}
