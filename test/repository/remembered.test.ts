import { existsSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../support/imports.js";
import { filesUnder, packages, read, root } from "../support/workspace.js";

/** The results of tests are remembered by turbo: with all that they read, or what they read may change unnoticed. */

interface Task {
  readonly dependsOn?: readonly string[];
  readonly inputs?: readonly string[];
  readonly cache?: boolean;
}

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

type Tasks = Readonly<Record<string, Task>>;

const folders = [...packages.map((name) => `packages/${name}`), "bench", "examples", "test"];
const manifests = new Map(
  folders.map((folder) => [folder, JSON.parse(read(`${folder}/package.json`)) as Manifest] as const),
);
const folderOf = new Map([...manifests].map(([folder, { name }]) => [name, folder]));

const tasksIn = (place: string): Tasks => (JSON.parse(read(place)) as { readonly tasks: Tasks }).tasks;
const shared = tasksIn("turbo.json");

/** A task as turbo takes it in a folder: what is shared, with what the folder adds. */
function taskIn(folder: string, name: string): Task {
  const common = shared[name] ?? {};
  const own = existsSync(`${root}${folder}/turbo.json`) ? (tasksIn(`${folder}/turbo.json`)[name] ?? {}) : {};
  const joined = (list: "dependsOn" | "inputs"): readonly string[] =>
    own[list]?.flatMap((each) => (each === "$TURBO_EXTENDS$" ? (common[list] ?? []) : [each])) ?? common[list] ?? [];
  return { ...common, ...own, dependsOn: joined("dependsOn"), inputs: joined("inputs") };
}

/** The packages of ours that a task of a folder is remembered with: those it is built from, and theirs. */
function rememberedWith(folder: string, task: Task): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const at = folderOf.get(name);
    if (at === undefined || found.has(name)) return;
    found.add(name);
    for (const next of declaredBy(at)) visit(next);
  };
  for (const name of [manifests.get(folder)!.name, ...namedBy(task)]) visit(name);
  return found;
}

function declaredBy(folder: string): readonly string[] {
  const { dependencies, devDependencies } = manifests.get(folder)!;
  return Object.keys({ ...dependencies, ...devDependencies });
}

function namedBy({ dependsOn = [] }: Task): readonly string[] {
  return dependsOn.flatMap((each) => /^(@granary\/\w+)#build$/.exec(each)?.[1] ?? []);
}

/** What the files of a folder import: packages of ours, and files outside the folder. */
function importsIn(folder: string) {
  const files = [...filesUnder(folder, ".ts"), ...filesUnder(folder, ".mjs")].filter(
    ([name]) => !/(^|\/)dist\//.test(name),
  );
  const specifiers = files.flatMap(([name, text]) =>
    importsOf(text).map((specifier) => ({ specifier, at: posix.dirname(`${folder}/${name}`) })),
  );
  const outside = specifiers
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier, at }) => posix.join(at, specifier).replace(/\.js$/, ".ts"))
    .filter((path) => !path.startsWith(`${folder}/`));
  const ours = specifiers.flatMap(({ specifier }) => /^@granary\/\w+/.exec(specifier)?.[0] ?? []);
  return { ours: new Set(ours), outside: new Set(outside) };
}

function isInput(path: string, { inputs = [] }: Task): boolean {
  const patterns = inputs.flatMap((input) => /^\$TURBO_ROOT\$\/(.+)$/.exec(input)?.[1] ?? []);
  return patterns.some((pattern) => patternOf(pattern).test(path));
}

function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(".", "\\.").replaceAll(/\*+/g, (stars) => (stars === "*" ? "[^/]*" : ".*"));
  return new RegExp(`^${source}$`);
}

function judgeTask(folder: string, name: string): readonly string[] {
  const task = taskIn(folder, name);
  if (task.cache === false) return [];
  const { ours, outside } = importsIn(folder);
  const known = rememberedWith(folder, task);
  const isSource = (path: string): boolean => known.has(path.replace(/^packages\/(\w+)\/src\/.*$/, "@granary/$1"));
  return [
    ...[...ours].filter((each) => !known.has(each)).map((each) => `${name} of ${folder} forgets ${each}`),
    ...[...outside]
      .filter((path) => !isSource(path) && !isInput(path, task))
      .map((path) => `${name} of ${folder} forgets ${path}`),
  ];
}

test("the tests of every folder are remembered with all that they import", () => {
  const named = folders.flatMap((folder) =>
    Object.keys(manifests.get(folder)?.scripts ?? {})
      .filter((name) => name.startsWith("test"))
      .map((name) => [folder, name] as const),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(importsIn("packages/redis").outside.size).toBeGreaterThan(0);
  expect(named.flatMap(([folder, name]) => judgeTask(folder, name))).toEqual([]);
});

test("a package and a file that are forgotten are found", () => {
  expect(rememberedWith("packages/core", {}).has("@granary/memory")).toBe(false);
  expect(rememberedWith("packages/core", { dependsOn: ["@granary/memory#build"] }).has("@granary/memory")).toBe(true);
  const inputs = ["$TURBO_ROOT$/packages/*/test/support/**"];
  expect(isInput("packages/redis/test/support/clients.ts", { inputs })).toBe(true);
  expect(isInput("packages/redis/test/clients.ts", { inputs })).toBe(false);
  expect(isInput("bench/run.mjs", { inputs: ["$TURBO_DEFAULT$", "$TURBO_ROOT$/test/support/**"] })).toBe(false);
});
