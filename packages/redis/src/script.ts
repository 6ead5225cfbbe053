import { createHash } from "node:crypto";

/** Where the ends of leases are told. The message is the key as the store calls it. */
export const WAKE_CHANNEL = "granary:wake";

/**
 * What has to happen in one atomic step. One script for all steps: a server knows either all of them or none, so no
 * write can overtake another one that had to be sent again in full.
 *
 * ARGV[1] names the step. In steps about a value KEYS[1] is the value and KEYS[2] its lease, in one slot of a cluster;
 * a key that can have no lease there goes without, and its loads are not fenced.
 */
const SOURCE = `
local steps = {}
local value, lease = KEYS[1], KEYS[2]

local function write(text, life)
  if life == '' then redis.call('SET', value, text) else redis.call('SET', value, text, 'PX', life) end
end

local function holds(token)
  return not lease or redis.call('GET', lease) == token
end

local function drop_lease()
  if lease then redis.call('DEL', lease) end
end

-- text, life in ms or "": writes, and ends any lease, so that no load that is under way is written over it
function steps.set()
  write(ARGV[2], ARGV[3])
  drop_lease()
  return 1
end

-- KEYS: values, then leases. number of values: deletes, and ends the leases; returns how many values were there. Who
-- tracks keys is told of those alone, and loads of the others have to hear of it too: so these are made, and gone.
function steps.delete()
  local values = tonumber(ARGV[2])
  if #KEYS > values then redis.call('DEL', unpack(KEYS, values + 1)) end
  local found = redis.call('UNLINK', unpack(KEYS, 1, values))
  for at = 1, found < values and values or 0 do
    redis.call('SET', KEYS[at], '')
    redis.call('DEL', KEYS[at])
  end
  return found
end

-- token, ms: returns the value and, where somebody else holds the lease, how long it lasts, else -1
function steps.acquire()
  local held = redis.pcall('GET', value)
  if type(held) == 'table' then held = false end
  if not lease then return {held, -1} end
  local holder = redis.call('GET', lease)
  if holder and holder ~= ARGV[2] then return {held, redis.call('PTTL', lease)} end
  redis.call('SET', lease, ARGV[2], 'PX', ARGV[3])
  return {held, -1}
end

-- token, text, life in ms or "", name: writes if the lease stands, ends it, and wakes those who wait
function steps.fill()
  if not holds(ARGV[2]) then return 0 end
  drop_lease()
  write(ARGV[3], ARGV[4])
  redis.call('PUBLISH', '${WAKE_CHANNEL}', ARGV[5])
  return 1
end

-- token, ms
function steps.renew()
  if not lease or not holds(ARGV[2]) then return 0 end
  return redis.call('PEXPIRE', lease, ARGV[3])
end

-- token, name
function steps.release()
  if not holds(ARGV[2]) then return 0 end
  drop_lease()
  redis.call('PUBLISH', '${WAKE_CHANNEL}', ARGV[3])
  return 1
end

-- KEYS: the mark of a namespace, then those of tags. least instant, instant or "" for the server's own, life of the
-- mark of a tag in ms. Marks only rise, and each is later than the last one of its namespace, also when the clock is set
-- back: loads that know that one are stamped just after it. The namespace's is "<cleared> <tagged>", "-" for never.
function steps.raise()
  local time = redis.call('TIME')
  local at = tonumber(ARGV[3]) or (tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000)
  local cleared, tagged = string.match(redis.call('GET', KEYS[1]) or '- -', '^(%S+) (%S+)$')
  local last = math.max(tonumber(cleared) or -math.huge, tonumber(tagged) or -math.huge)
  at = math.max(at, tonumber(ARGV[2]), last + 2 ^ -11)
  local text = string.format('%.17g', at)
  local function raised(mark)
    if mark and tonumber(mark) and tonumber(mark) > at then return mark end
    return text
  end
  if #KEYS == 1 then cleared = raised(cleared) else tagged = raised(tagged) end
  for index = 2, #KEYS do
    redis.call('SET', KEYS[index], raised(redis.call('GET', KEYS[index])), 'PX', ARGV[4])
  end
  redis.call('SET', KEYS[1], (cleared or '-') .. ' ' .. (tagged or '-'))
  return text
end

return steps[ARGV[1]]()`;

const SHA = createHash("sha1").update(SOURCE).digest("hex");

/** A step, its keys and what it is to know. */
export interface Step {
  readonly step: "set" | "delete" | "acquire" | "fill" | "renew" | "release" | "raise";
  readonly keys: readonly string[];
  readonly args: readonly CommandWord[];
}

export type CommandWord = string | number | Buffer;

/** The words behind `EVALSHA`, which runs a step by the hash of the script. */
export function hashWords({ step, keys, args }: Step): CommandWord[] {
  return [SHA, keys.length, ...keys, step, ...args];
}

/** The words behind `EVAL`, which brings the script along. */
export function fullWords({ step, keys, args }: Step): CommandWord[] {
  return [SOURCE, keys.length, ...keys, step, ...args];
}

/** Whether `error` says that Redis has to be sent the whole script. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
