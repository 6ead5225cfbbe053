import { readdirSync } from "node:fs";
import { root } from "./run.mjs";

/** The folder names of the published packages, such as `core`. */
export const packages = readdirSync(`${root}packages`).sort();
