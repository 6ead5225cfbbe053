import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { configDefaults, defineConfig, type Plugin } from "vitest/config";
import { countingReporter } from "./scripts/lib/counting-reporter.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Tests run on the sources of every package, under the names that users import. */
const alias = readdirSync(`${root}packages`).flatMap((name) => [
  { find: new RegExp(`^@granary/${name}$`), replacement: `${root}packages/${name}/src/index.ts` },
  { find: new RegExp(`^@granary/${name}/([a-z-]+)$`), replacement: `${root}packages/${name}/src/$1.ts` },
]);

/** Standard decorators, which the transformer of vite passes on as they are and Node 20 cannot run. */
const decorators: Plugin = {
  name: "decorators",
  enforce: "pre",
  transform: (code, id) =>
    /^\s+@cached\(/m.test(code)
      ? transform(code, { loader: "ts", target: "es2022", sourcefile: id, sourcemap: true })
      : undefined,
};

/** What `npm run test:quick` leaves out: tests that start processes, or that run long. */
const SLOW = [
  "packages/core/test/wire-fuzz.test.ts",
  "packages/memory/test/entry-bytes.test.ts",
  "packages/superjson/test/identical.test.ts",
  "packages/redis/test/*cluster*.test.ts",
  "packages/redis/test/redis-bus*.test.ts",
  "packages/redis/test/redis-client.test.ts",
  "packages/redis/test/redis-tracking*.test.ts",
  "packages/redis/test/late-writes.test.ts",
];
const isQuick = process.env["GRANARY_QUICK"] === "1";

export default defineConfig({
  plugins: [decorators],
  resolve: { alias },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    reporters: ["default", countingReporter()],
    exclude: [...configDefaults.exclude, ...(isQuick ? SLOW : [])],
    coverage: { include: ["packages/*/src/**"], reporter: ["text", "html"] },
    globalSetup: ["test/support/redis-server.ts"],
    allowOnly: false,
    // A worker takes one file after the other, with the sources that it has loaded: to load them anew costs a third.
    isolate: false,
    // What runs at once are tests that wait for other processes.
    maxConcurrency: 8,
    // One more than there are cores, as some wait; where turbo runs several of these at once, they share.
    maxWorkers: availableParallelism() + (process.env["TURBO_HASH"] === undefined ? 1 : 0),
    // Ends what hangs. No test that goes on is to be ended because a machine is slow: far longer than any takes.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
