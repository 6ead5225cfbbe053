import { readFileSync } from "node:fs";

/** The packages that `subjects` stand on, with the versions that are installed here. */
export async function versionsOf(subjects) {
  const abouts = await Promise.all([...new Set(subjects)].map((subject) => import(`../subjects/${subject}.mjs`)));
  const names = new Set(abouts.flatMap(({ about }) => about.packages));
  return Object.fromEntries([...names].map((name) => [name, versionOf(name)]));
}

function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
