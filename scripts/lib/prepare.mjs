import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { mustRun, pnpm } from "./run.mjs";

/** Installs what the lock file names; takes a second when it is all there. */
export function install() {
  return mustRun([...pnpm, "install", "--frozen-lockfile"]);
}

/** Compiles every package. `tsc -b` skips what is up to date. */
export function build() {
  return mustRun(["tsc", "-b"]);
}

/** Sees to it that a `redis-server` is on the PATH, by Debian's package if need be. */
export async function haveRedis() {
  if (onPath("redis-server")) return;
  if (!onPath("apt-get")) throw new Error("redis-server is not on the PATH and there is no apt-get: please install it");
  console.log("redis-server is not on the PATH: installing Debian's package");
  await mustRun(asRoot("apt-get", "update"));
  await mustRun(asRoot("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "redis-server"));
}

/** What the tests run on besides files: their results hold for these versions. */
export function tools() {
  return `node ${process.version}, ${execFileSync("redis-server", ["--version"], { encoding: "utf8" }).trim()}`;
}

function asRoot(...command) {
  if (process.getuid() === 0) return command;
  if (onPath("sudo")) return ["sudo", "-n", ...command];
  throw new Error("redis-server is not on the PATH, and installing it needs root or sudo: please install it");
}

export function onPath(name) {
  return process.env.PATH.split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
