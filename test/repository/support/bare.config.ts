import { defineConfig } from "vitest/config";
import { countingReporter } from "../../../scripts/lib/counting-reporter.mjs";

/** For runs of vitest inside a test: of the files of the folder that it is started in. */
export default defineConfig({ test: { include: ["*.test.js"], root: process.cwd(), reporters: [countingReporter()] } });
