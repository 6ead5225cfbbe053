/** What a setting of a client comes to, where a store and a bus are made on that client. */
export interface SettingRow {
  readonly client: "Redis" | "Cluster" | "Sentinel";
  readonly setting: string;
  /** What the client is made with. */
  readonly options: object;
  /** `works`, or a part of what the refusal says to write instead. */
  readonly outcome: "works" | { readonly write: string };
  /** What to know about it, for the page. */
  readonly note?: string;
}

const READ_MASTER = { write: 'client.duplicate([], { scaleReads: "master" })' };
const NO_BRACE = { write: 'keyPrefix: "app:"' };
const NO_RECONNECT = { write: 'reconnectOnError: (error) => error.message.startsWith("READONLY")' };

/** The table of docs/client-settings.md, which a test holds against it, and every row of which is tried. */
export const SETTINGS: readonly SettingRow[] = [
  { client: "Redis", setting: "(none)", options: {}, outcome: "works" },
  {
    client: "Redis",
    setting: "enableAutoPipelining: true",
    options: { enableAutoPipelining: true },
    outcome: "works",
    note: "what the cache asks goes out by itself: it is one command a turn already",
  },
  {
    client: "Redis",
    setting: "enableOfflineQueue: false",
    options: { enableOfflineQueue: false },
    outcome: "works",
    note: "a call before the first connection stands is a miss at once",
  },
  { client: "Redis", setting: "enableReadyCheck: false", options: { enableReadyCheck: false }, outcome: "works" },
  { client: "Redis", setting: "lazyConnect: true", options: { lazyConnect: true }, outcome: "works" },
  {
    client: "Redis",
    setting: "lazyConnect: true, enableOfflineQueue: false",
    options: { lazyConnect: true, enableOfflineQueue: false },
    outcome: "works",
    note: "the first call connects, and is a miss at once",
  },
  {
    client: "Redis",
    setting: "commandTimeout: 5_000",
    options: { commandTimeout: 5_000 },
    outcome: "works",
    note: "`l2Timeout` of tiers, or `guarded()`, is the limit to set",
  },
  { client: "Redis", setting: "socketTimeout: 5_000", options: { socketTimeout: 5_000 }, outcome: "works" },
  { client: "Redis", setting: "maxRetriesPerRequest: null", options: { maxRetriesPerRequest: null }, outcome: "works" },
  { client: "Redis", setting: "maxRetriesPerRequest: 0", options: { maxRetriesPerRequest: 0 }, outcome: "works" },
  {
    client: "Redis",
    setting: "retryStrategy: null",
    options: { retryStrategy: null },
    outcome: "works",
    note: "until the connection is lost: then the client is gone for good, and every read of it a miss",
  },
  {
    client: "Redis",
    setting: 'keyPrefix: "app:"',
    options: { keyPrefix: "app:" },
    outcome: "works",
    note: "stands once before every key; not before channels, see `channel` of `redisBus`",
  },
  { client: "Redis", setting: 'keyPrefix: "{app}:"', options: { keyPrefix: "{app}:" }, outcome: "works" },
  { client: "Redis", setting: 'keyPrefix: "a*[b]?\\\\:"', options: { keyPrefix: "a*[b]?\\:" }, outcome: "works" },
  {
    client: "Redis",
    setting: "db: 3",
    options: { db: 3 },
    outcome: "works",
    note: "channels are those of all databases",
  },
  { client: "Redis", setting: 'connectionName: "shop"', options: { connectionName: "shop" }, outcome: "works" },
  { client: "Redis", setting: "stringNumbers: true", options: { stringNumbers: true }, outcome: "works" },
  {
    client: "Redis",
    setting: "showFriendlyErrorStack: true",
    options: { showFriendlyErrorStack: true },
    outcome: "works",
  },
  { client: "Redis", setting: "autoResubscribe: false", options: { autoResubscribe: false }, outcome: "works" },
  {
    client: "Redis",
    setting: "autoResendUnfulfilledCommands: false",
    options: { autoResendUnfulfilledCommands: false },
    outcome: "works",
  },
  {
    client: "Redis",
    setting: "scripts: { own: { lua, numberOfKeys } }",
    options: { scripts: { own: { lua: "return 1", numberOfKeys: 1 } } },
    outcome: "works",
  },
  { client: "Redis", setting: "protocol: 2", options: { protocol: 2 }, outcome: "works", note: "ioredis 6" },
  {
    client: "Redis",
    setting: 'replyMapping: "resp3"',
    options: { replyMapping: "resp3" },
    outcome: "works",
    note: "ioredis 6",
  },
  {
    client: "Redis",
    setting: 'reconnectOnError: (error) => error.message.startsWith("READONLY")',
    options: { reconnectOnError: (error: Error) => error.message.startsWith("READONLY") },
    outcome: "works",
  },
  {
    client: "Redis",
    setting: "reconnectOnError: () => 2",
    options: { reconnectOnError: () => 2 },
    outcome: NO_RECONNECT,
    note: "`NOSCRIPT` is an answer: to connect and ask again would never end",
  },
  {
    client: "Redis",
    setting: "readOnly: true",
    options: { readOnly: true },
    outcome: { write: "new Redis(url)" },
    note: "is for replicas, which lag behind",
  },
  {
    client: "Redis",
    setting: "monitor: true",
    options: { monitor: true },
    outcome: { write: "new Redis(url)" },
  },
  { client: "Sentinel", setting: "(none)", options: {}, outcome: "works" },
  { client: "Sentinel", setting: 'role: "master"', options: { role: "master" }, outcome: "works" },
  {
    client: "Sentinel",
    setting: 'role: "slave"',
    options: { role: "slave" },
    outcome: { write: 'role: "master"' },
    note: "replicas lag behind, and refuse writes",
  },
  {
    client: "Sentinel",
    setting: "enableAutoPipelining: true",
    options: { enableAutoPipelining: true },
    outcome: "works",
  },
  { client: "Sentinel", setting: 'keyPrefix: "{app}:"', options: { keyPrefix: "{app}:" }, outcome: "works" },
  { client: "Cluster", setting: "(none)", options: {}, outcome: "works" },
  {
    client: "Cluster",
    setting: "enableAutoPipelining: true",
    options: { enableAutoPipelining: true },
    outcome: "works",
  },
  { client: "Cluster", setting: 'keyPrefix: "app:"', options: { keyPrefix: "app:" }, outcome: "works" },
  {
    client: "Cluster",
    setting: 'keyPrefix: "{app}:"',
    options: { keyPrefix: "{app}:" },
    outcome: "works",
    note: "all keys are on one master, and have no lease: each process loads for itself",
  },
  {
    client: "Cluster",
    setting: 'keyPrefix: "app{"',
    options: { keyPrefix: "app{" },
    outcome: NO_BRACE,
    note: "a brace that is no hash tag takes what belongs together apart",
  },
  { client: "Cluster", setting: 'keyPrefix: "{}app:"', options: { keyPrefix: "{}app:" }, outcome: NO_BRACE },
  {
    client: "Cluster",
    setting: 'redisOptions: { keyPrefix: "app:" }',
    options: { redisOptions: { keyPrefix: "app:" } },
    outcome: "works",
  },
  {
    client: "Cluster",
    setting: 'enableAutoPipelining: true, keyPrefix: "{app}:"',
    options: { enableAutoPipelining: true, keyPrefix: "{app}:" },
    outcome: "works",
  },
  { client: "Cluster", setting: "enableOfflineQueue: false", options: { enableOfflineQueue: false }, outcome: "works" },
  { client: "Cluster", setting: "enableReadyCheck: false", options: { enableReadyCheck: false }, outcome: "works" },
  { client: "Cluster", setting: "lazyConnect: true", options: { lazyConnect: true }, outcome: "works" },
  {
    client: "Cluster",
    setting: "enableAutoPipelining: true, lazyConnect: true",
    options: { enableAutoPipelining: true, lazyConnect: true },
    outcome: "works",
  },
  {
    client: "Cluster",
    setting: "redisOptions: { stringNumbers: true, readOnly: true }",
    options: { redisOptions: { stringNumbers: true, readOnly: true } },
    outcome: "works",
    note: "the library itself says which nodes are only read from",
  },
  {
    client: "Cluster",
    setting: "redisOptions: { reconnectOnError: () => true }",
    options: { redisOptions: { reconnectOnError: () => true } },
    outcome: NO_RECONNECT,
  },
  { client: "Cluster", setting: 'scaleReads: "master"', options: { scaleReads: "master" }, outcome: "works" },
  {
    client: "Cluster",
    setting: 'scaleReads: "slave"',
    options: { scaleReads: "slave" },
    outcome: READ_MASTER,
    note: "a replica lags behind, and a near copy would make the lag last",
  },
  { client: "Cluster", setting: 'scaleReads: "all"', options: { scaleReads: "all" }, outcome: READ_MASTER },
  {
    client: "Cluster",
    setting: "scaleReads: (nodes) => nodes[0]",
    options: { scaleReads: (nodes: readonly unknown[]) => nodes[0] },
    outcome: READ_MASTER,
  },
];
