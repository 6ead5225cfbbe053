import { INVALIDATION_STEPS, RECORD_LIFE_MS } from "./script-invalidation.js";

/** Where the ends of leases are told. The message is the key as the store calls it. */
export const WAKE_CHANNEL = "granary:wake";

/** What writing needs. */
const WRITING = `
local function write(value, text, life)
  if life == '' then redis.call('SET', value, text) else redis.call('SET', value, text, 'PX', life) end
end

local function drop(lease)
  if lease then redis.call('DEL', lease) end
end
`;

/** What records need that are missing. */
const RECORDS = `
local function sequence_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The text of the record under the name and what it says; nothing where there is none that an entry could carry.
local function record_at(name)
  local text = redis.pcall('GET', name)
  if type(text) ~= 'string' then return end
  local epoch, sequence, cleared, tagged = string.match(text, '^([0-9a-z]+) (%d+) (%d+) (%d+)$')
  if not epoch then return end
  sequence, cleared, tagged = tonumber(sequence), tonumber(cleared), tonumber(tagged)
  if sequence <= ${Number.MAX_SAFE_INTEGER} and math.max(cleared, tagged) <= sequence then
    return text, epoch, sequence, cleared, tagged
  end
end

-- As record_at, made where there is none: with an epoch that no entry carries yet.
local function record_of(name, new_epoch)
  local text, epoch, sequence = record_at(name)
  if text then return text, epoch, sequence end
  sequence = sequence_now()
  text = string.format('%s %.0f 0 0', new_epoch, sequence)
  redis.call('SET', name, text, 'PX', ${RECORD_LIFE_MS})
  return text, new_epoch, sequence
end
`;

/** What sees to it that a record outlives what carries it. */
const KEEPING = `
local function keep(name, life)
  if life == '' then return redis.call('PERSIST', name) end
  local least = math.max(tonumber(life), ${RECORD_LIFE_MS / 2})
  local left = redis.call('PTTL', name)
  if left >= 0 and left < least then redis.call('PEXPIRE', name, 2 * least) end
end
`;

/**
 * Values of the same namespaces. Where no record has changed since the client has read it, that is all.
 */
const SETTING_BY_KNOWN = `
-- keys: values, their leases where they can have any, and the records of their namespaces where they are at hand. number
-- of values, number of leases, what each record said when it was read last or "", a new epoch for each, and for each value
-- its text, its life in ms or "", where in the text its generations begin and end or "" where it has its own: writes, and
-- ends any lease, so that no load that is under way is written over it. The generations are those of this moment. Returns
-- the records where they were not as known, then for each value 1 or why it was not taken; 1 where there is nothing to say.
local function write_all(keys, args, first)
  local values, leases = tonumber(args[2]), tonumber(args[3])
  local answers, is_refused = {}, false
  for index = 1, values do
    local text, life = args[first + 4 * index - 4], args[first + 4 * index - 3]
    local answer
    if life == '' then
      answer = redis.pcall('SET', keys[index], text)
    else
      answer = redis.pcall('SET', keys[index], text, 'PX', life)
    end
    if answer.err then answers[index], is_refused = answer, true else answers[index] = 1 end
  end
  if leases > 0 then redis.call('DEL', unpack(keys, values + 1, values + leases)) end
  return is_refused, answers
end

local function set_by_known(keys, args)
  local before = args[2] + args[3]
  local records = #keys - before
  for index = 1, records do
    if redis.pcall('GET', keys[before + index]) ~= args[3 + index] then return end
  end
  local is_refused, answers = write_all(keys, args, 4 + 2 * records)
  return is_refused and {{}, unpack(answers)} or 1
end
`;

const SETTING = `
local function set(keys, args)
  local before = args[2] + args[3]
  local count = #keys - before
  local records, generations = {}, {}
  for index = 1, count do
    local record, epoch, sequence = record_of(keys[before + index], args[3 + count + index])
    records[index], generations[index] = record, string.format('%s.%.0f', epoch, sequence)
  end
  local carried = table.concat(generations, ',')
  for at = 4 + 2 * count, #args, 4 do
    local text, from, to = args[at], args[at + 2], args[at + 3]
    if from ~= '' then args[at] = string.sub(text, 1, from) .. carried .. string.sub(text, to + 1) end
  end
  -- The values come first: a server that is full takes anything behind a change that needs no room.
  local _, answers = write_all(keys, args, 4 + 2 * count)
  local longest = 0
  for at = 5 + 2 * count, #args, 4 do
    if args[at] == '' or longest == '' then longest = '' else longest = math.max(longest, tonumber(args[at])) end
  end
  for index = 1, count do keep(keys[before + index], longest) end
  return {records, unpack(answers)}
end
`;

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
