// Every changeset can be read, and a branch that changes a package brings one along.
import { mustRun, run } from "./lib/run.mjs";

const { code } = await run(["git", "rev-parse", "--verify", "--quiet", "main"]);
// A clone of a single commit does not know what it branched off from.
const since = code === 0 ? [] : ["--since=HEAD"];
console.log(await mustRun(["changeset", "status", ...since]));
