import { type CacheStore, createCache } from "@granary/core";

export interface Post {
  readonly id: number;
  readonly author: string;
  readonly text: string;
}

/** The database of the blog, and what makes pages of it. */
export interface BlogSource {
  find(id: number): Promise<Post>;
  render(page: string): Promise<string>;
}

export interface Blog {
  post(id: number): Promise<Post>;
  frontPage(): Promise<string>;
  authorChanged(author: string): Promise<boolean>;
  layoutChanged(): Promise<boolean>;
  close(): Promise<void>;
}

export function main(store: CacheStore, source: BlogSource): Blog {
  const posts = createCache<Post>({ store, namespace: "blog", ttl: "1h" });
  const pages = posts.namespace<string>("pages");
  return {
    post: (id) =>
      posts.getOrSet(id, async ({ setTags }) => {
        const post = await source.find(id);
        // Who wrote it is known only now.
        setTags([`author:${post.author}`]);
        return post;
      }),
    // The front page shows all authors, so a change of any of them ends it.
    frontPage: () => pages.getOrSet("front", () => source.render("front"), { tags: ["author:ada", "author:grace"] }),
    // Posts and pages: a tag reaches the namespace and its children, wherever they are kept.
    authorChanged: (author) => posts.invalidateTags(`author:${author}`),
    // Pages only, all of them, at the cost of one.
    layoutChanged: () => pages.clear(),
    close: () => posts.close(),
  };
}
