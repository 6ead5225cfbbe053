import { existsSync } from "node:fs";
import { packages } from "./packages.mjs";
import { root } from "./run.mjs";

/** The path of each packed package, as a release would have it; throws unless there is one for each. */
export function tarballs() {
  const files = packages.map((name) => `${root}packages/${name}/test-results/package.tgz`);
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`not packed: ${missing.join(", ")}`);
  return files;
}
