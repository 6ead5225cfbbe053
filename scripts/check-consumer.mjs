// Installs the packed packages into an empty project with plain npm, and uses them from there as a stranger would.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarballs } from "./lib/pack.mjs";
import { mustRun, root } from "./lib/run.mjs";

// What an application brings along itself: the clients, and types of its platform.
const ownDependencies = ["ioredis@6.0.0", "keyv@5.6.0", "@types/node@20.19.21"];
const uses = [
  ["node", "esm.mjs"],
  ["node", "require.cjs"],
  ["tsc", "-p", "tsconfig.nodenext.json"],
  ["tsc", "-p", "tsconfig.bundler.json"],
];

const project = await mkdtemp(join(tmpdir(), "granary-consumer-"));
try {
  await cp(`${root}scripts/consumer`, project, { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await installInto(project);
  for (const use of uses) await mustRun(use, { cwd: project });
} finally {
  await rm(project, { recursive: true, force: true });
}

async function installInto(prefix) {
  const flags = ["--prefix", prefix, "--no-audit", "--no-fund", "--no-package-lock"];
  await mustRun(["npm", "install", ...flags, ...tarballs(), ...ownDependencies], { cwd: prefix });
}
