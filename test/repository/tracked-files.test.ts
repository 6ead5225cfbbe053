import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { read, root } from "../support/workspace.js";

/** Folders that exist on somebody's machine only; put together here, so that this file does not name them itself. */
const MACHINE_FOLDERS = ["home/\\w+", "Users/\\w+", "root", "work", "tmp", "mnt", "private"];
const MACHINE_PATH = new RegExp(`(?<![\\w.@:}*\\-/])/(?:${MACHINE_FOLDERS.join("|")})/[\\w.]|file://`);
const HOST = /https?:\/\/|tarball:|registry/;

function linesWith(pattern: RegExp, text: string): readonly string[] {
  return text.split("\n").filter((line) => pattern.test(line));
}

function trackedFiles(): readonly string[] {
  const names = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  // A file may be deleted here and not yet in the index.
  return names.filter((name) => name !== "" && existsSync(root + name));
}

test("no tracked file names a path of a machine", () => {
  const files = trackedFiles().filter((name) => name !== "test/repository/tracked-files.test.ts");
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((name) => linesWith(MACHINE_PATH, read(name)).map((line) => `${name}: ${line.trim()}`));
  expect(found).toEqual([]);
});

test("the lock file names no host", () => {
  const lock = read("pnpm-lock.yaml");
  expect(lock).toContain("packages:");
  expect(linesWith(HOST, lock)).toEqual([]);
});

test("no package exports everything of a file", () => {
  const sources = trackedFiles().filter((name) => /^packages\/\w+\/src\/.*\.ts$/.test(name));
  expect(sources.length).toBeGreaterThan(5);
  expect(sources.filter((name) => linesWith(/^export \*/, read(name)).length > 0)).toEqual([]);
});

describe("the judges of tracked files find", () => {
  test.each(["cd /home/ada/granary", '"/mnt/x.ts"', "see /tmp/out.log", "(/Users/ada/x)"])("a path in: %s", (line) => {
    expect(linesWith(MACHINE_PATH, line)).toHaveLength(1);
  });

  test.each(["/mnt", "https://example.org/mnt/x", "../tmp/x", "`${root}/tmp/x`"])("no path in: %s", (line) => {
    expect(linesWith(MACHINE_PATH, line)).toEqual([]);
  });

  test.each(["  resolution: {tarball: x.tgz}", "see https://example.org"])("a host in: %s", (line) => {
    expect(linesWith(HOST, line)).toHaveLength(1);
  });
});
