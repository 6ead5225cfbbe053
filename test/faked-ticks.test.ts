import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** What a script of `support` prints. */
async function printedBy(name: string): Promise<string> {
  const script = fileURLToPath(new URL(`support/${name}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  return stdout;
}

test("C40: reads and loads of memory end while nextTick is faked and its clock stands still", async () => {
  const many = [
    ["tea", "green"],
    ["milk", "milk"],
  ];
  expect(JSON.parse(await printedBy("faked-ticks.mjs"))).toEqual({ loaded: "green", read: "green", many });
});

test("FIELD 23 (C40): a load that began under fake timers ends where no signal was made before them", async () => {
  expect(await printedBy("faked-signals.mjs")).toBe("LOAD_TIMEOUT");
});
