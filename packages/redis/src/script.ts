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

-- Who tracks keys is told of those alone that were there, and loads of the others have to hear of it too: so what is not
-- there is made, and gone.
local function remove(name)
  local existed = redis.call('UNLINK', name)
  if existed == 0 then
    redis.call('SET', name, '')
    redis.call('DEL', name)
  end
  return existed
end

local function server_now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end

-- The mark of a namespace: when it was cleared, when a tag in it was invalidated, and when something in it was deleted
-- by its key, "-" for never. It goes back to the server exactly as it came.
local function read_mark(name)
  local cleared, tagged, deleted = string.match(redis.call('GET', name) or '', '^(%S+) (%S+) (%S+)$')
  return {cleared = tonumber(cleared), tagged = tonumber(tagged), deleted = tonumber(deleted)}
end

local function exact(at)
  return at and string.format('%.17g', at) or '-'
end

-- A server that is full refuses a script whose first write takes room, so the first one is that of a deletion.
local function write_mark(name, mark)
  redis.call('DEL', name)
  redis.call('SET', name, exact(mark.cleared) .. ' ' .. exact(mark.tagged) .. ' ' .. exact(mark.deleted))
end

local function later(a, b)
  return math.max(a or -math.huge, b or -math.huge)
end

local function bury(name, at)
  local mark = read_mark(name)
  mark.deleted = later(mark.deleted, at)
  write_mark(name, mark)
end

-- text, life in ms or "": writes, and ends any lease, so that no load that is under way is written over it
function steps.set()
  write(ARGV[2], ARGV[3])
  drop_lease()
  return 1
end

-- KEYS: values, then leases, then marks of namespaces. number of values, number of leases, least instant, instant or ""
-- for the server's own: deletes, and ends the leases; returns for each value 1 if it was there
function steps.delete()
  local values, leases = tonumber(ARGV[2]), tonumber(ARGV[3])
  local at = later(tonumber(ARGV[4]), tonumber(ARGV[5]) or server_now())
  if leases > 0 then redis.call('DEL', unpack(KEYS, values + 1, values + leases)) end
  local existed = {}
  for index = 1, values do existed[index] = remove(KEYS[index]) end
  for index = values + leases + 1, #KEYS do bury(KEYS[index], at) end
  return existed
end

-- KEYS[3]: the mark of the namespace, where it is at hand. instant, text or "" for a deletion, life in ms or "", last
-- deletion in the namespace or "": makes a change that was missed, unless something newer is here; returns whether it
-- did. Where the key may have been deleted since, and while somebody loads it, nobody can say whether the value is the
-- latest: then none is kept.
function steps.replay()
  local at, text = tonumber(ARGV[2]), ARGV[3]
  local held = redis.pcall('GET', value)
  local created = type(held) == 'string' and tonumber(string.match(held, '^granary1 %a (%S+) '))
  if created and created > at then return 0 end
  local deleted = tonumber(ARGV[5]) or (KEYS[3] and read_mark(KEYS[3]).deleted)
  -- A value may be older than its change, which made it stale: then what came between the two counts.
  local born = tonumber(string.match(text, '^granary1 %a (%S+) ')) or at
  local is_loading = lease and redis.call('EXISTS', lease) == 1
  drop_lease()
  local is_latest = (not created or created <= born) and (not deleted or deleted < born)
  if text ~= '' and not is_loading and is_latest then
    write(text, ARGV[4])
    return 1
  end
  remove(value)
  if KEYS[3] then bury(KEYS[3], at) end
  return text == '' and 1 or 0
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
-- back: loads that know that one are stamped just after it.
function steps.raise()
  local mark = read_mark(KEYS[1])
  local at = math.max(tonumber(ARGV[3]) or server_now(), tonumber(ARGV[2]), later(mark.cleared, mark.tagged) + 2 ^ -11)
  if #KEYS == 1 then mark.cleared = at else mark.tagged = at end
  for index = 2, #KEYS do
    local known = tonumber(redis.call('GET', KEYS[index]) or '')
    redis.call('SET', KEYS[index], exact(later(known, at)), 'PX', ARGV[4])
  end
  write_mark(KEYS[1], mark)
  return exact(at)
end

return steps[ARGV[1]]()`;

const SHA = createHash("sha1").update(SOURCE).digest("hex");

/** A step, its keys and what it is to know. */
export interface Step {
  readonly step: "set" | "delete" | "replay" | "acquire" | "fill" | "renew" | "release" | "raise";
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
