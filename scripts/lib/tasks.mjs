import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { packages } from "./packages.mjs";
import { pnpm, root, run } from "./run.mjs";

const summaries = `${root}.turbo/runs`;
const folders = [...packages.map((name) => `packages/${name}`), "bench", "examples", "test"];

const flags = [
  "--summarize",
  // What depends on a task that failed is not run, and has failed too.
  "--continue=dependencies-successful",
  "--output-logs=new-only",
  "--log-order=grouped",
  // Some tasks wait more than they work.
  `--concurrency=${availableParallelism() + 2}`,
];

/**
 * Runs tasks of turbo.json in every package that has them. What has not changed since it passed is taken from turbo's
 * cache, with its counts. Resolves to `{ passed, failed }`: a task counts as one, a task of tests as its tests.
 */
export async function runTasks(names, { more = [], limitMs }) {
  rmSync(summaries, { recursive: true, force: true });
  for (const folder of folders) rmSync(`${root}${folder}/test-results`, { recursive: true, force: true });
  const command = [...pnpm, "exec", "turbo", "run", ...names, ...flags, ...more];
  const { code } = await run(command, { stdio: ["ignore", "inherit", "inherit"], limitMs });
  return closed(summary()?.map(countTask) ?? folders.flatMap(countsIn), code);
}

/** The sum. A run that ended badly without a failure has failed, as has one in which nothing passed. */
function closed(counts, code) {
  const sum = (of) => counts.reduce((total, count) => total + count[of], 0);
  const [passed, failed] = [sum("passed"), sum("failed")];
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

/** The tasks that turbo was to run, those without a command left out. A turbo that was killed tells nothing. */
function summary() {
  const [file] = existsSync(summaries) ? readdirSync(summaries) : [];
  if (file === undefined) return undefined;
  const { tasks } = JSON.parse(readFileSync(`${summaries}/${file}`, "utf8"));
  return tasks.filter(({ command }) => command !== "<NONEXISTENT>");
}

function countTask({ task, taskId, directory, execution }) {
  const isGreen = execution?.exitCode === 0;
  if (!isGreen) console.log(`FAIL  ${taskId}`);
  if (!task.startsWith("test")) return isGreen ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const file = `${root}${directory}/test-results/${task.replace(":", "-")}.json`;
  // Tests that did not even start have failed.
  const { passed, failed } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 1 };
  return { passed, failed: failed === 0 && !isGreen ? 1 : failed };
}

/** What the reporters of a folder have left. */
function countsIn(folder) {
  const results = `${root}${folder}/test-results`;
  const names = existsSync(results) ? readdirSync(results).filter((name) => name.endsWith(".json")) : [];
  return names.map((name) => JSON.parse(readFileSync(`${results}/${name}`, "utf8")));
}
