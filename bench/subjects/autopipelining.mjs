import { redis as byHand } from "./by-hand.mjs";

/** A second floor: the client's own way of gathering commands. */
export const about = { packages: ["ioredis"], docs: ["https://github.com/redis/ioredis#autopipelining"] };

export const cannot = {};

export const redis = (options) => byHand({ ...options, enableAutoPipelining: true });
