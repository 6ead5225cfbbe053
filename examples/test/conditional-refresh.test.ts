import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CacheStore, Clock } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { manualClock } from "@granary/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { main } from "../conditional-refresh.js";
import { testClient } from "./support.js";

const MINUTE = 60_000;

const backends: ReadonlyArray<readonly [name: string, open: (clock: Clock) => CacheStore]> = [
  ["memory", (clock) => memoryStore({ clock })],
  ["Redis", (clock) => redisStore({ client: testClient(), clock })],
];

describe.each(backends)("pages kept in %s", (_, open) => {
  test("a page that has not changed is fresh again after a 304 without a body, as often as it takes", async () => {
    const { clock, pages, origin } = await openPages(open);
    expect(await pages.textAt(origin.url)).toBe("Opening hours: 9 to 5");
    for (let refresh = 0; refresh < 3; refresh += 1) {
      await clock.advance(MINUTE);
      expect(await pages.textAt(origin.url)).toBe("Opening hours: 9 to 5");
      expect(await pages.textAt(origin.url)).toBe("Opening hours: 9 to 5");
    }
    expect(origin.answers).toEqual([200, 304, 304, 304]);
  });

  test("a page that has changed comes with its new text and tag", async () => {
    const { clock, pages, origin } = await openPages(open);
    await pages.textAt(origin.url);
    origin.text = "Opening hours: 10 to 4";
    await clock.advance(MINUTE);
    expect(await pages.textAt(origin.url)).toBe("Opening hours: 10 to 4");
    await clock.advance(MINUTE);
    expect(await pages.textAt(origin.url)).toBe("Opening hours: 10 to 4");
    expect(origin.answers).toEqual([200, 200, 304]);
  });

  test("an origin that answers with an error leaves the old page", async () => {
    const { clock, pages, origin } = await openPages(open);
    await pages.textAt(origin.url);
    origin.failing = true;
    await clock.advance(MINUTE);
    expect(await pages.textAt(origin.url)).toBe("Opening hours: 9 to 5");
    expect(origin.answers).toEqual([200, 503]);
  });
});

async function openPages(open: (clock: Clock) => CacheStore) {
  // Redis drops keys by its own clock, so the test's starts there.
  const clock = manualClock(Date.now());
  const origin = await openOrigin();
  const pages = main(open(clock));
  onTestFinished(() => pages.close());
  return { clock, pages, origin };
}

/** A server of one page, whose tag follows from its text. */
async function openOrigin() {
  const page = { text: "Opening hours: 9 to 5", failing: false, answers: [] as number[], url: "" };
  const server = createServer((request, response) => {
    const etag = `"${page.text.length}-${page.text}"`;
    const status = page.failing ? 503 : request.headers["if-none-match"] === etag ? 304 : 200;
    page.answers.push(status);
    response.writeHead(status, { etag, connection: "close" }).end(status === 200 ? page.text : undefined);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  page.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hours`;
  onTestFinished(async () => {
    server.closeAllConnections();
    await once(server.close(), "close");
  });
  return page;
}
