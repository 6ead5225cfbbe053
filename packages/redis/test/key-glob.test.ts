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
  ["a?", ["a1", "aé", "a😀", "a\n"], ["a", "a12"]],
  ["?.(x)|", ["1.(x)|"], ["1a(x)|", "1.x"]],
  [String.raw`\??`, ["?1"], ["11", "?", String.raw`\?1`]],
  ["*?*", ["a", "abc"], [""]],
  ["[?]", ["[a]"], ["a", "[]"]],
])("%s matches %j and not %j", (glob, matching, others) => {
  const { matches } = keyGlob(glob, "");
  expect(matching.map(matches)).toEqual(matching.map(() => true));
  expect(others.map(matches)).toEqual(others.map(() => false));
});
