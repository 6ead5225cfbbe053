import { readFileSync } from "node:fs";

/** The packages that a subject stands on, with the versions that are installed here. */
export async function versionsOf(subject) {
  const { about } = await import(`../subjects/${subject}.mjs`);
  return Object.fromEntries(about.packages.map((name) => [name, versionOf(name)]));
}

function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
