import { RECORD_LIFE_MS } from "./script-invalidation.js";

/** What writing needs. */
export const WRITING = `
local function write(value, text, life)
  if life == '' then redis.call('SET', value, text) else redis.call('SET', value, text, 'PX', life) end
end

local function drop(lease)
  if lease then redis.call('DEL', lease) end
end
`;

/** What records need that are missing. */
export const RECORDS = `
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
export const KEEPING = `
local function keep(name, life)
  if life == '' then return redis.call('PERSIST', name) end
  local least = math.max(tonumber(life), ${RECORD_LIFE_MS / 2})
  local left = redis.call('PTTL', name)
  if left >= 0 and left < least then redis.call('PEXPIRE', name, 2 * least) end
end
`;

/** Writes values of the same namespaces. Where no record has changed since the client has read it, that is all. */
export const SETTING_BY_KNOWN = `
-- The values, whose words begin at the first one: whether any was refused, and for each 1 or why it was not taken.
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

-- keys: values, their leases where they can have any, and the records of their namespaces where they are at hand. number
-- of values, number of leases, what each record said when it was read last or "", a new epoch for each, and for each value
-- its text, its life in ms or "", where in the text its generations begin and end or "" where it has its own: writes, and
-- ends any lease, so that no load that is under way is written over it. The generations are those of this moment. Returns
-- the records where they were not as known, then for each value 1 or why it was not taken; 1 where there is nothing to say.
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

/** The same where some record was changed: reads them, and makes those that are missing. */
export const SETTING = `
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
