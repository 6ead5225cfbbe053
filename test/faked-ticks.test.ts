import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("C40: reads and loads of memory end while nextTick is faked and its clock stands still", async () => {
  const script = fileURLToPath(new URL("support/faked-ticks.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const many = [
    ["tea", "green"],
    ["milk", "milk"],
  ];
  expect(JSON.parse(stdout)).toEqual({ loaded: "green", read: "green", many });
});
