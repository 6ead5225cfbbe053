import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Texts by path, as the checkers of this folder take them, so that a test can plant a bug in one. */
export type Files = ReadonlyMap<string, string>;

/** The folder names of the published packages. */
export const packages: readonly string[] = readdirSync(`${root}packages`).sort();

/** Every file under a folder of the repository whose name ends so; paths are relative to that folder. */
export function filesUnder(folder: string, ending: string): Files {
  const names = readdirSync(root + folder, { recursive: true, encoding: "utf8" });
  const wanted = names.filter((name) => name.endsWith(ending) && !name.includes("node_modules"));
  return new Map(wanted.sort().map((name) => [name, readFileSync(`${root}${folder}/${name}`, "utf8")]));
}

export function read(path: string): string {
  return readFileSync(root + path, "utf8");
}
