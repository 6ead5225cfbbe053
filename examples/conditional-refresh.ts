import { type CacheStore, createCache } from "@granary/core";

export interface Pages {
  textAt(url: string): Promise<string>;
  close(): Promise<void>;
}

/** Pages of other servers. One that has not changed comes back as a 304, without its text. */
export function main(store: CacheStore): Pages {
  const pages = createCache<string>({ store, namespace: "pages", ttl: "1m", staleIfError: "1d" });
  return {
    textAt: (url) =>
      pages.getOrSet(url, async ({ previous, signal, setValidator, notModified }) => {
        const headers = previous?.etag === undefined ? undefined : { "if-none-match": previous.etag };
        const response = await fetch(url, { signal, ...(headers && { headers }) });
        if (response.status === 304) return notModified();
        if (!response.ok) throw new Error(`${url} answered ${response.status}`);
        const etag = response.headers.get("etag");
        if (etag !== null) setValidator({ etag });
        return response.text();
      }),
    close: () => pages.close(),
  };
}
