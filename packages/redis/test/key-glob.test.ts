import { expect, test } from "vitest";
import { keyGlob } from "../src/key-glob.js";

test.each([
  ["user:*", "", "user:*"],
  ["a?b", "", "a?*b"],
  ["a???b", "", "a???*b"],
  ["[a-z]", "", String.raw`\[a-z\]`],
  [String.raw`\*\?\[`, "", String.raw`\*\?\[`],
  ["*", "a*?[b]\\", String.raw`a\*\?\[b\]\\*`],
])("%s behind the prefix %j is %s to Redis", (glob, prefix, pattern) => {
  expect(keyGlob(glob, prefix).pattern).toBe(pattern);
});

test.each([
  ["a?", ["a1", "aé", "a😀"], ["a12"]],
  ["[?]", ["[a]"], ["[ab]"]],
])("of the keys that Redis gives for %s, %j are meant and %j are not", (glob, meant, others) => {
  const { matches } = keyGlob(glob, "prefix:");
  expect(meant.map(matches)).toEqual(meant.map(() => true));
  expect(others.map(matches)).toEqual(others.map(() => false));
});
