// Runs the command given as arguments on each packed package, one after the other.
import { tarballs } from "./lib/pack.mjs";
import { mustRun } from "./lib/run.mjs";

const command = process.argv.slice(2);

for (const tarball of await tarballs()) await mustRun([...command, tarball]);
