import type { CacheStore } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Blog, main } from "../tags.js";
import { testClient } from "./support.js";

const backends: ReadonlyArray<readonly [name: string, open: () => CacheStore]> = [
  ["memory", () => memoryStore()],
  ["memory over Redis", openTiers],
];

describe.each(backends)("the blog on %s", (_, open) => {
  test("loads each post and page once", async () => {
    const { blog, made } = openBlog(open());
    await readAll(blog);
    await readAll(blog);
    expect(made).toEqual(["post 1", "post 2", "front"]);
  });

  test("makes anew what a changed author has a part in, and nothing else", async () => {
    const { blog, made } = openBlog(open());
    await readAll(blog);
    made.length = 0;
    expect(await blog.authorChanged("ada")).toBe(true);
    await readAll(blog);
    expect(made).toEqual(["post 1", "front"]);
  });

  test("makes the pages anew for a changed layout, and no post", async () => {
    const { blog, made } = openBlog(open());
    await readAll(blog);
    made.length = 0;
    expect(await blog.layoutChanged()).toBe(true);
    await readAll(blog);
    expect(made).toEqual(["front"]);
  });
});

function openTiers(): CacheStore {
  const client = testClient();
  return tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus: redisBus({ client }) });
}

async function readAll(blog: Blog): Promise<void> {
  expect((await blog.post(1)).author).toBe("ada");
  expect((await blog.post(2)).author).toBe("grace");
  expect(await blog.frontPage()).toBe("<front>");
}

function openBlog(store: CacheStore) {
  const made: string[] = [];
  const blog = main(store, {
    async find(id) {
      made.push(`post ${id}`);
      return { id, author: id === 1 ? "ada" : "grace", text: "On granaries" };
    },
    async render(page) {
      made.push(page);
      return `<${page}>`;
    },
  });
  onTestFinished(() => blog.close());
  return { blog, made };
}
