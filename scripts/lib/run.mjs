import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The one version of pnpm that everybody uses; it needs no install of its own. */
export const pnpm = ["npx", "--yes", "pnpm@10.34.9"];

// `npm test --silent` would silence the npm and pnpm below it, and with them the reason why one failed.
const environment = { ...process.env, npm_config_loglevel: "notice" };
const path = [`${root}node_modules/.bin`, process.env.PATH].join(delimiter);

/**
 * Runs a command from the root of the repository, or from `cwd`.
 * Resolves to its exit code and everything it printed; a command that cannot be started counts as code 127.
 */
export function run([command, ...args], { cwd = root, stdio = "pipe", env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio, env: { ...environment, PATH: path, ...env } });
    const said = [];
    child.stdout?.on("data", (data) => said.push(data));
    child.stderr?.on("data", (data) => said.push(data));
    const finish = (code) => resolve({ code, output: Buffer.concat(said).toString() });
    child.once("error", (error) => {
      said.push(Buffer.from(`${command}: ${error.message}\n`));
      finish(127);
    });
    child.once("close", (code) => finish(code ?? 1));
  });
}

/** As `run`, for a step without which the next one makes no sense: rejects with the output if it fails. */
export async function mustRun(command, options) {
  const { code, output } = await run(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with code ${code}\n${output}`);
  return output;
}
