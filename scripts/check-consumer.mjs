// Installs the packed packages into an empty project with plain npm, and uses them from there as a stranger would.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fullMatrix, ownDependencies, uses } from "./lib/consumer-uses.mjs";
import { tarballs } from "./lib/pack.mjs";
import { mustRun, root } from "./lib/run.mjs";

const isFull = process.env.GRANARY_FULL === "1";

const project = await mkdtemp(join(tmpdir(), "granary-consumer-"));
try {
  await cp(`${root}scripts/consumer`, project, { recursive: true });
  // What the page about migrating shows, run as its reader would.
  await cp(`${root}examples/migrate`, join(project, "migrate"), { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await install([...tarballs(), ...ownDependencies]);
  for (const { command, env } of uses) await mustRun(command, { cwd: project, env });
  if (isFull) await useEverywhere();
} finally {
  await rm(project, { recursive: true, force: true });
}

/** Every other version of TypeScript and of Node that is supported. */
async function useEverywhere() {
  await install(fullMatrix.dependencies);
  for (const { command, env } of fullMatrix.usesIn(project)) await mustRun(command, { cwd: project, env });
}

async function install(what) {
  await mustRun(["npm", "install", "--prefix", project, "--no-audit", "--no-fund", "--no-package-lock", ...what], {
    cwd: project,
  });
}
