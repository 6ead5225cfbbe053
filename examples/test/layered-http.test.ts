import { expect, onTestFinished, test } from "vitest";
import { type Archive, type Article, type ArticleService, main } from "../layered-http.js";
import { testClient } from "./support.js";

class MemoryArchive implements Archive {
  finds = 0;
  readonly #articles = new Map<string, Article>();

  async find(slug: string): Promise<Article | undefined> {
    this.finds += 1;
    return this.#articles.get(slug);
  }

  async save(article: Article): Promise<void> {
    this.#articles.set(article.slug, article);
  }
}

test("what one process loaded is not loaded again by another", async () => {
  const { archive, one, other } = await twoProcesses();
  expect(await titleAt(one, "granaries")).toBe("On granaries");
  expect(await titleAt(one, "granaries")).toBe("On granaries");
  expect(await titleAt(other, "granaries")).toBe("On granaries");
  expect(archive.finds).toBe(1);
});

test("what is saved at one process is read at both", async () => {
  const { one, other } = await twoProcesses();
  expect(await titleAt(one, "granaries")).toBe("On granaries");
  expect(await titleAt(other, "granaries")).toBe("On granaries");
  await fetch(`${one.url}/granaries`, { method: "PUT", body: "On barns" });
  expect(await titleAt(one, "granaries")).toBe("On barns");
  await expect.poll(() => titleAt(other, "granaries")).toBe("On barns");
});

test("an article that is not there is asked for once, until it is saved", async () => {
  const { archive, one } = await twoProcesses();
  expect((await fetch(`${one.url}/silos`)).status).toBe(404);
  expect((await fetch(`${one.url}/silos`)).status).toBe(404);
  expect(archive.finds).toBe(1);
  await fetch(`${one.url}/silos`, { method: "PUT", body: "On silos" });
  expect(await titleAt(one, "silos")).toBe("On silos");
});

test("a request that cannot be served is answered with 500", async () => {
  const { one } = await twoProcesses();
  expect((await fetch(`${one.url}/%ff`)).status).toBe(500);
});

async function twoProcesses() {
  const archive = new MemoryArchive();
  await archive.save({ slug: "granaries", title: "On granaries", published: new Date() });
  // Clients of one key space, as two processes of one service have them.
  const client = testClient();
  const sibling = client.duplicate();
  onTestFinished(() => sibling.disconnect());
  const [one, other] = [await main(client, archive), await main(sibling, archive)];
  onTestFinished(async () => void (await Promise.all([one.close(), other.close()])));
  return { archive, one, other };
}

async function titleAt({ url }: ArticleService, slug: string): Promise<string> {
  const response = await fetch(`${url}/${slug}`);
  return ((await response.json()) as Article).title;
}
