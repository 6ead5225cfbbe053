// Compares what each package exports with its report, packages/NAME/etc/NAME.api.md; `--update` rewrites the reports.
// Arguments that name packages leave out the others.
// A subpath such as @granary/testkit/tcp-proxy has a report of its own, NAME-SUBPATH.api.md.
import { mkdirSync, readFileSync } from "node:fs";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { packages } from "./lib/packages.mjs";
import { root } from "./lib/run.mjs";

const localBuild = process.argv.includes("--update");
const silent = { default: { logLevel: "none" } };

// The tool brings its own compiler, which reads the declarations that ours wrote.
const tsconfigOf = (entry) => ({
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleResolution: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
  },
  include: [entry],
});

const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const results = (named.length > 0 ? named : packages).flatMap(entriesOf).map(examine);
if (!results.every(Boolean)) process.exitCode = 1;

/** Each way into a package: the declarations, and the name of the report. */
function entriesOf(name) {
  const folder = `${root}packages/${name}`;
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const typed = Object.entries(exports).filter(([, target]) => target.types !== undefined);
  return typed.map(([path, { types }]) => ({ folder, types, name: path.replace(".", name).replace("/", "-") }));
}

function examine({ name, folder, types }) {
  mkdirSync(`${folder}/etc`, { recursive: true });
  const config = configOf({ name, projectFolder: folder, types });
  const { succeeded } = Extractor.invoke(config, { localBuild, messageCallback: onlyProblems });
  if (!succeeded) console.log(`${name}: the exports differ from etc/${name}.api.md; if they should, run npm run api`);
  return succeeded && isDocumented(`${folder}/etc/${name}.api.md`);
}

function configOf({ name, projectFolder, types }) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: `${projectFolder}/package.json`,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: `${projectFolder}/${types}`,
      compiler: { overrideTsconfig: tsconfigOf(types) },
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
