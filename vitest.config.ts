import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { defineConfig, type Plugin } from "vitest/config";

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

export default defineConfig({
  plugins: [decorators],
  resolve: { alias },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    globalSetup: ["test/support/redis-server.ts"],
    allowOnly: false,
    // What runs at once are tests that wait for other processes.
    maxConcurrency: 8,
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
