// Compares what each package exports with its report, packages/NAME/etc/NAME.api.md; `--update` rewrites the reports.
import { mkdirSync, readFileSync } from "node:fs";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { packages } from "./lib/packages.mjs";
import { root } from "./lib/run.mjs";

const localBuild = process.argv.includes("--update");
const silent = { default: { logLevel: "none" } };

// The tool brings its own compiler, which reads the declarations that ours wrote.
const tsconfig = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleResolution: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
  },
  include: ["dist/index.d.ts"],
};

const results = packages.map(examine);
if (!results.every(Boolean)) process.exitCode = 1;

function examine(name) {
  const folder = `${root}packages/${name}`;
  mkdirSync(`${folder}/etc`, { recursive: true });
  const { succeeded } = Extractor.invoke(configOf(name, folder), { localBuild, messageCallback: onlyProblems });
  if (!succeeded) console.log(`${name}: the exports differ from etc/${name}.api.md; if they should, run npm run api`);
  return succeeded && isDocumented(`${folder}/etc/${name}.api.md`);
}

function configOf(name, projectFolder) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: `${projectFolder}/package.json`,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: "<projectFolder>/dist/index.d.ts",
      compiler: { overrideTsconfig: tsconfig },
      apiReport: {
        enabled: true,
        reportFolder: "<projectFolder>/etc/",
        reportTempFolder: `${root}test-results/api/`,
        reportFileName: `${name}.api.md`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      newlineKind: "lf",
      messages: { extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
  });
}

function onlyProblems(message) {
  message.handled = message.logLevel === "info" || message.logLevel === "verbose";
}

/** Each export carries a doc comment; the report says where one does not. */
function isDocumented(report) {
  const bare = readFileSync(report, "utf8").match(/(?<=^\/\/ @public \(undocumented\)\n).*/gm) ?? [];
  for (const declaration of bare) console.log(`${report}: no doc comment: ${declaration}`);
  return bare.length === 0;
}
