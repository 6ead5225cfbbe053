import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The one version of pnpm that everybody uses; it needs no install of its own. */
export const pnpm = ["npx", "--yes", "pnpm@10.34.9"];

// `npm test --silent` would silence the npm and pnpm below it, and with them the reason why one failed.
const environment = { ...process.env, npm_config_loglevel: "notice", TURBO_TELEMETRY_DISABLED: "1" };
const path = [`${root}node_modules/.bin`, process.env.PATH].join(delimiter);

/** How long a command that is told to end has for it. */
const GRACE_MS = 10_000;

const running = new Set();

/** Ends every command that runs, and all that they have started. */
export function endAll() {
  for (const end of running) end();
}

/**
 * Runs a command from the root of the repository, or from `cwd`, for `limitMs` at the most.
 * Resolves to its exit code and everything it printed; a command that cannot be started counts as code 127.
 */
export function run([command, ...args], { cwd = root, stdio = "pipe", env = {}, limitMs } = {}) {
  return new Promise((resolve) => {
    const settings = { ...environment, PATH: path, ...env };
    // A group of its own can be ended as a whole.
    const child = spawn(command, args, { cwd, stdio, env: settings, detached: true });
    const end = () => endGroup(child);
    const timer = limitMs === undefined ? undefined : setTimeout(() => stopLate(command, end), limitMs);
    running.add(end);
    const said = [];
    child.stdout?.on("data", (data) => said.push(data));
    child.stderr?.on("data", (data) => said.push(data));
    const finish = (code) => {
      clearTimeout(timer);
      running.delete(end);
      resolve({ code, output: Buffer.concat(said).toString() });
    };
    child.once("error", (error) => {
      said.push(Buffer.from(`${command}: ${error.message}\n`));
      finish(127);
    });
    // What it has started may outlive it for a moment, and say something.
    child.once("close", (code) => void groupGone(child.pid).then(() => finish(code ?? 1)));
  });
}

function stopLate(command, end) {
  console.log(`FAIL  ${command} has not ended in time`);
  end();
}

function endGroup({ pid }) {
  if (pid === undefined) return;
  signal(pid, "SIGTERM");
  setTimeout(() => signal(pid, "SIGKILL"), GRACE_MS).unref();
}

/** Resolves once no process of the group is left, or after the time that it has for that. */
async function groupGone(pid) {
  const lastAt = performance.now() + 2 * GRACE_MS;
  while (signal(pid, 0) && performance.now() < lastAt) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Sends a signal to a group of processes; `false` if it has gone. */
function signal(pid, name) {
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

/** As `run`, for a step without which the next one makes no sense: rejects with the output if it fails. */
export async function mustRun(command, options) {
  const { code, output } = await run(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with code ${code}\n${output}`);
  return output;
}
