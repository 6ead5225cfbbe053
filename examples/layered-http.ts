import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import type { Redis } from "ioredis";

export interface Article {
  readonly slug: string;
  readonly title: string;
  readonly published: Date;
}

/** The database of the articles. */
export interface Archive {
  find(slug: string): Promise<Article | undefined>;
  save(article: Article): Promise<void>;
}

export interface ArticleService {
  readonly url: string;
  close(): Promise<void>;
}

/** One process of the service. Start as many as you like on one Redis: each has a memory, and they share the rest. */
export async function main(client: Redis, archive: Archive): Promise<ArticleService> {
  const articles = createCache<Article | undefined>({
    store: tiered({ l1: memoryStore({ maxEntries: 1_000 }), l2: redisStore({ client }), bus: redisBus({ client }) }),
    namespace: "articles",
    ttl: "10m",
    staleWhileRevalidate: "1m",
    negativeTtl: "30s",
  });
  const server = createServer((request, response) => void answer({ articles, archive, request, response }));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await Promise.all([once(server.close(), "close"), articles.close()]);
    },
  };
}

interface Exchange {
  readonly articles: Cache<Article | undefined>;
  readonly archive: Archive;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  try {
    if (request.method === "PUT") await save(exchange);
    else await show(exchange);
  } catch {
    response.writeHead(500).end();
  }
}

async function show({ articles, archive, request, response }: Exchange): Promise<void> {
  const slug = slugOf(request);
  const article = await articles.getOrSet(slug, () => archive.find(slug));
  if (article === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(article));
}

async function save({ articles, archive, request, response }: Exchange): Promise<void> {
  const slug = slugOf(request);
  await archive.save({ slug, title: await text(request), published: new Date() });
  // Deleting rather than setting: two who save at once cannot leave the cache with the loser's article.
  await articles.delete(slug);
  response.writeHead(204).end();
}

function slugOf({ url = "/" }: IncomingMessage): string {
  return decodeURIComponent(url.slice(1));
}
