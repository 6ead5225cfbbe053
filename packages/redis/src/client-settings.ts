import { CacheError } from "@granary/core";
import type { RedisClient } from "./redis-client.js";

/** The settings of a client that decide whether a cache can work on it. */
interface Settings {
  readonly scaleReads?: unknown;
  readonly keyPrefix?: string;
  readonly sentinels?: unknown;
  readonly role?: string;
  readonly readOnly?: boolean;
  readonly monitor?: boolean;
  readonly protocol?: number;
  readonly reconnectOnError?: unknown;
  readonly redisOptions?: { readonly reconnectOnError?: unknown } | null;
}

interface Rule {
  /** Whether a cache cannot work on such a client. */
  isBroken(settings: Settings, client: RedisClient): boolean;
  /** Why, and what to write instead. */
  readonly says: string;
  /** Where it does not matter. */
  readonly except?: string;
}

/** The answer of the server that a script is sent again for. A client that connects anew at it never gets beyond. */
const UNKNOWN_SCRIPT = "NOSCRIPT No matching script. Please use EVAL.";

/** The first braces of a key, where they enclose something: the slot is that of what they enclose. */
const HASH_TAG = /^[^{]*\{[^}]+\}/;

const RULES: readonly Rule[] = [
  {
    isBroken: ({ scaleReads = "master" }, { isCluster }) => isCluster === true && scaleReads !== "master",
    says:
      "reads at replicas (`scaleReads`), which lag behind: a value that was deleted would be read again, and kept. " +
      'Give it one that reads at the masters: client.duplicate([], { scaleReads: "master" }).',
    except: "redisBus",
  },
  {
    isBroken: ({ keyPrefix = "" }, { isCluster }) =>
      isCluster === true && keyPrefix.includes("{") && !HASH_TAG.test(keyPrefix),
    says:
      "puts a brace before each key (`keyPrefix`) that is no hash tag, so that what belongs together is in two slots: " +
      'write keyPrefix: "app:", or, where all is to be in one slot, keyPrefix: "{app}:".',
    except: "redisBus",
  },
  {
    isBroken: ({ sentinels, role = "master" }) => Array.isArray(sentinels) && role !== "master",
    says: 'asks its sentinels for a replica, which lags behind and refuses writes: write { role: "master" }.',
  },
  {
    isBroken: ({ readOnly }, { isCluster }) => isCluster !== true && readOnly === true,
    says: "is for a replica (`readOnly`), which lags behind and refuses writes: write new Redis(url), of the master.",
  },
  {
    isBroken: ({ monitor }, { mode }) => monitor === true || mode === "monitor",
    says: "monitors the server and can do nothing else: give it one of its own, new Redis(url).",
  },
  {
    // From RESP3 on, a connection that listens may do all else as well.
    isBroken: ({ protocol = 2 }, { mode }) => mode === "subscriber" && protocol < 3,
    says: "listens to channels and can do nothing else: give it one of its own, new Redis(url) or client.duplicate().",
  },
  {
    isBroken: (_, { status }) => status === "end",
    says: "was closed: make a new one, new Redis(url), and close it behind the cache.",
  },
  {
    isBroken: ({ reconnectOnError, redisOptions }) =>
      [reconnectOnError, redisOptions?.reconnectOnError].some(reconnectsAtAnswer),
    says:
      "connects anew at every error (`reconnectOnError`), also at one that is an answer to a script, and would for " +
      'ever: write reconnectOnError: (error) => error.message.startsWith("READONLY").',
  },
];

/**
 * Refuses a client whose settings a cache cannot work with. All others work: docs/client-settings.md has the table.
 * @throws CacheError `INVALID_OPTION`
 */
export function refuseSettings(factory: string, client: RedisClient): void {
  const settings = (client.options ?? {}) as object as Settings;
  const broken = RULES.find((rule) => rule.except !== factory && rule.isBroken(settings, client));
  if (broken === undefined) return;
  throw new CacheError("INVALID_OPTION", `The client that ${factory}() was given ${broken.says}`);
}

function reconnectsAtAnswer(reconnectOnError: unknown): boolean {
  if (typeof reconnectOnError !== "function") return false;
  return Boolean(reconnectOnError(new Error(UNKNOWN_SCRIPT)));
}
