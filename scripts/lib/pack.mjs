import { mkdir, readdir, rm } from "node:fs/promises";
import { packages } from "./packages.mjs";
import { mustRun, pnpm, root } from "./run.mjs";

const folder = `${root}test-results/packed`;

/** Packs every package as a release would. The checks of what is published look at these files only. */
export async function pack() {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await mustRun([...pnpm, "--recursive", "--filter", "./packages/*", "pack", "--pack-destination", folder]);
  await tarballs();
}

/** The path of each packed package; rejects unless there is one for each. */
export async function tarballs() {
  const names = await readdir(folder);
  if (names.length !== packages.length) throw new Error(`packed ${names.length} of ${packages.length} packages`);
  return names.sort().map((name) => `${folder}/${name}`);
}
