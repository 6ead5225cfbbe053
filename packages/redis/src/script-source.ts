import { INVALIDATION_STEPS } from "./script-invalidation.js";
import { KEEPING, RECORDS, SETTING, SETTING_BY_KNOWN, WRITING } from "./script-writing.js";

/** Where the ends of leases are told. The message is the key as the store calls it. */
export const WAKE_CHANNEL = "granary:wake";

/** What a load needs, before and after. */
const LOADING = `
local function holds(lease, token)
  return not lease or redis.call('GET', lease) == token
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

-- Who waits asks again by itself: what the user of the client may not publish costs them a little time, and nobody a value.
local function wake(name)
  redis.pcall('PUBLISH', '${WAKE_CHANNEL}', name)
end
`;

const ACQUIRING = `
-- keys: the value, its lease, records. number of leases, token, ms, a new epoch for each record: returns the value, how
-- long somebody else holds the lease, else -1, who that is, and the records, "" for one that is missing
local function acquire(keys, args)
  local leases = tonumber(args[2])
  local held = redis.pcall('GET', keys[1])
  if type(held) == 'table' then held = false end
  local left, holder = -1, ''
  if leases > 0 then
    local other = redis.call('GET', keys[2])
    if other and other ~= args[3] then left, holder = redis.call('PTTL', keys[2]), other end
    -- A lease without an end is none of ours.
    if left < 0 then redis.call('SET', keys[2], args[3], 'PX', args[4]) end
  end
  local answer = {held, left, holder}
  for index = 2 + leases, #keys do
    local record = redis.pcall('GET', keys[index])
    answer[#answer + 1] = type(record) == 'string' and record or ''
  end
  return answer
end

local function is_whole(answer)
  for index = 4, #answer do if answer[index] == '' then return false end end
  return true
end
`;

const COMPLETING = `
local function complete(answer, keys, args)
  for index = 4, #answer do
    if answer[index] == '' then answer[index] = (record_of(keys[#keys - #answer + index], args[1 + index])) end
  end
  return answer
end
`;

const FILLING = `
-- keys: the value, its lease, and records that may be near their end. number of leases, token, text or "" for a deletion,
-- life in ms or "", name: writes if the lease stands, ends it, and wakes those who wait
local function fill(keys, args)
  local lease = tonumber(args[2]) > 0 and keys[2] or nil
  if not holds(lease, args[3]) then return 0 end
  drop(lease)
  if args[4] ~= '' then
    write(keys[1], args[4], args[5])
    for index = lease and 3 or 2, #keys do keep(keys[index], args[5]) end
  else
    remove(keys[1])
  end
  wake(args[6])
  return 1
end
`;

/**
 * What has to happen in one atomic step. The first of the words names the step. In steps about a value the first key is the
 * value and the second its lease, in one slot of a cluster; a key that can have no lease there goes without, and its
 * loads are not fenced.
 *
 * All are one script, so that Redis knows all of them or none, and what is sent again since it knew none keeps its order.
 * The most frequent ones come first: to define the rest takes longer than they do.
 */
export const SOURCE = `
${WRITING}${SETTING_BY_KNOWN}
if ARGV[1] == 'set' then
  local answer = set_by_known(KEYS, ARGV)
  if answer then return answer end
end
${ACQUIRING}
if ARGV[1] == 'acquire' then
  local answer = acquire(KEYS, ARGV)
  if is_whole(answer) then return answer end
end
${KEEPING}${LOADING}${FILLING}
if ARGV[1] == 'fill' then return fill(KEYS, ARGV) end

local steps = {}
${RECORDS}${SETTING}${COMPLETING}
function steps.set(keys, args)
  return set_by_known(keys, args) or set(keys, args)
end

function steps.acquire(keys, args)
  return complete(acquire(keys, args), keys, args)
end

steps.fill = fill

-- keys: values, then leases. number of values: deletes, and ends the leases; returns for each value 1 if it was there
function steps.delete(keys, args)
  local values = tonumber(args[2])
  if #keys > values then redis.call('DEL', unpack(keys, values + 1)) end
  local existed = {}
  for index = 1, values do existed[index] = remove(keys[index]) end
  return existed
end

-- keys: records. life of what is to carry them, in ms or "", a new epoch for each: returns the records, which are made
-- where they are missing
function steps.records(keys, args)
  local records = {}
  for index = 1, #keys do
    records[index] = (record_of(keys[index], args[2 + index]))
    keep(keys[index], args[2])
  end
  return records
end

-- token, ms
function steps.renew(keys, args)
  local lease = keys[2]
  if not lease or not holds(lease, args[2]) then return 0 end
  return redis.call('PEXPIRE', lease, args[3])
end

-- token, name
function steps.release(keys, args)
  if not holds(keys[2], args[2]) then return 0 end
  drop(keys[2])
  wake(args[3])
  return 1
end

local function deadline(word)
  return word == 'never' and math.huge or tonumber(word)
end

local function deadline_text(at)
  return at == math.huge and 'never' or string.format('%.0f', at)
end

-- keys: the value and its lease. now, the last instant to be fresh, the last to be kept, "never" for none: makes the value
-- stale; returns the header of what was fresh
function steps.expire(keys, args)
  local value, now = keys[1], tonumber(args[2])
  local text = redis.pcall('GET', value)
  drop(keys[2])
  local _, to, head, fresh, kept = string.find(type(text) == 'string' and text or '', '^(granary2 %a %S+ )(%S+) (%S+) ')
  fresh, kept = deadline(fresh), deadline(kept)
  if not fresh or not kept then
    remove(value)
    return false
  end
  local until_fresh, until_kept = math.min(fresh, tonumber(args[3])), math.min(kept, deadline(args[4]))
  if until_kept <= now then
    remove(value)
  else
    local life = until_kept == math.huge and '' or math.ceil(until_kept - now)
    -- A server that is full takes what is written behind a deletion.
    redis.call('DEL', value)
    write(value, head .. deadline_text(until_fresh) .. ' ' .. deadline_text(until_kept) .. string.sub(text, to), life)
  end
  return fresh > now and string.match(text, '^[^\\n]*\\n') or false
end

${INVALIDATION_STEPS}

-- What a step meets that is about its keys, or needs more room than there is, is its own answer: others need none. The rest
-- is about the server, and ends all.
local function attempt(keys, args)
  local is_done, answer = pcall(steps[args[1]], keys, args)
  if is_done then return answer end
  local text = type(answer) == 'table' and answer.err or answer
  local code = string.match(text, 'WRONGTYPE') or string.match(text, 'OOM')
  if code then return {err = code .. ' ' .. text} end
  error(answer)
end

-- Not by unpack, which takes some thousands: an invalidation may name more tags.
local function part(list, from, count)
  local own = {}
  for index = 1, count do own[index] = list[from + index - 1] end
  return own
end

-- for each step how many keys are its own, how many words, and these: does one after the other, returns their answers
function steps.together(keys, args)
  local answers, key, word = {}, 1, 2
  while word < #args do
    local key_count, word_count = tonumber(args[word]), tonumber(args[word + 1])
    answers[#answers + 1] = attempt(part(keys, key, key_count), part(args, word + 2, word_count))
    key, word = key + key_count, word + 2 + word_count
  end
  return answers
end

return steps[ARGV[1]](KEYS, ARGV)`;
