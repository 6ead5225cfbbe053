/** Where the ends of leases are told. The message is the key as the store calls it. */
export const WAKE_CHANNEL = "granary:wake";

/**
 * What has to happen in one atomic step. One script for all steps: a server knows either all of them or none, so no
 * write can overtake another one that had to be sent again in full.
 *
 * The first of the words names the step. In steps about a value the first key is the value and the second its lease, in
 * one slot of a cluster; a key that can have no lease there goes without, and its loads are not fenced.
 *
 * The last of the words is the latest instant at which somebody still waits, or "". What comes later must not set a value,
 * which could take the place of a newer one, nor take a lease, which would keep everybody waiting for nobody. The other
 * steps are judged by their token or their instant, whenever they come, or may only hide more, as deletions and marks.
 */
export const SOURCE = `
local steps = {}
local limit = tonumber(table.remove(ARGV))

local function write(value, text, life)
  if life == '' then redis.call('SET', value, text) else redis.call('SET', value, text, 'PX', life) end
end

local function drop(lease)
  if lease then redis.call('DEL', lease) end
end

local now
local function server_now()
  if now then return now end
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
  return now
end

-- nil where it is in time
local function lateness()
  if limit and server_now() > limit then return {err = string.format('LATE %.3f', server_now())} end
end

-- text, life in ms or "": writes, and ends any lease, so that no load that is under way is written over it
function steps.set(keys, args)
  local late = lateness()
  if late then return late end
  write(keys[1], args[2], args[3])
  drop(keys[2])
  return 1
end

-- The most frequent of all, alone: to define the others as well takes a quarter more time of the server.
if ARGV[1] == 'set' then return steps.set(KEYS, ARGV) end

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

-- keys: values, then leases, then marks of namespaces. number of values, number of leases, least instant, instant or ""
-- for the server's own: deletes, and ends the leases; returns for each value 1 if it was there
function steps.delete(keys, args)
  local values, leases = tonumber(args[2]), tonumber(args[3])
  local at = later(tonumber(args[4]), tonumber(args[5]) or server_now())
  if leases > 0 then redis.call('DEL', unpack(keys, values + 1, values + leases)) end
  local existed = {}
  for index = 1, values do existed[index] = remove(keys[index]) end
  for index = values + leases + 1, #keys do bury(keys[index], at) end
  return existed
end

-- keys[3]: the mark of the namespace, where it is at hand. instant, text or "" for a deletion, life in ms or "", last
-- deletion in the namespace or "": makes a change that was missed, unless something newer is here; returns whether it
-- did. Where the key may have been deleted since, and while somebody loads it, nobody can say whether the value is the
-- latest: then none is kept.
function steps.replay(keys, args)
  local value, lease, mark = keys[1], keys[2], keys[3]
  local at, text = tonumber(args[2]), args[3]
  local held = redis.pcall('GET', value)
  local created = type(held) == 'string' and tonumber(string.match(held, '^granary1 %a (%S+) '))
  if created and created > at then return 0 end
  local deleted = tonumber(args[5]) or (mark and read_mark(mark).deleted)
  -- A value may be older than its change, which made it stale: then what came between the two counts.
  local born = tonumber(string.match(text, '^granary1 %a (%S+) ')) or at
  local is_loading = lease and redis.call('EXISTS', lease) == 1
  drop(lease)
  local is_latest = (not created or created <= born) and (not deleted or deleted < born)
  if text ~= '' and not is_loading and is_latest then
    write(value, text, args[4])
    return 1
  end
  remove(value)
  if mark then bury(mark, at) end
  return text == '' and 1 or 0
end

-- token, ms: returns the value and, where somebody else holds the lease, how long it lasts and the token, else -1
function steps.acquire(keys, args)
  local late = lateness()
  if late then return late end
  local value, lease = keys[1], keys[2]
  local held = redis.pcall('GET', value)
  if type(held) == 'table' then held = false end
  if not lease then return {held, -1} end
  local holder = redis.call('GET', lease)
  if holder and holder ~= args[2] then return {held, redis.call('PTTL', lease), holder} end
  redis.call('SET', lease, args[2], 'PX', args[3])
  return {held, -1}
end

-- Who waits asks again by itself: what the user of the client may not publish costs them a little time, and nobody a value.
local function wake(name)
  redis.pcall('PUBLISH', '${WAKE_CHANNEL}', name)
end

-- keys[3]: the mark of the namespace, where it is at hand. token, text or "" for a deletion, life in ms or "", name,
-- instant or "" for the server's own: writes if the lease stands, ends it, and wakes those who wait
function steps.fill(keys, args)
  if not holds(keys[2], args[2]) then return 0 end
  drop(keys[2])
  if args[3] ~= '' then
    write(keys[1], args[3], args[4])
  else
    remove(keys[1])
    if keys[3] then bury(keys[3], tonumber(args[6]) or server_now()) end
  end
  wake(args[5])
  return 1
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

-- keys: the mark of a namespace, then those of tags. least instant, instant or "" for the server's own, life of the
-- mark of a tag in ms. Marks only rise, and each is later than the last one of its namespace, also when the clock is set
-- back: loads that know that one are stamped just after it.
function steps.raise(keys, args)
  local mark = read_mark(keys[1])
  local at = math.max(tonumber(args[3]) or server_now(), tonumber(args[2]), later(mark.cleared, mark.tagged) + 2 ^ -11)
  if #keys == 1 then mark.cleared = at else mark.tagged = at end
  for index = 2, #keys do
    local known = tonumber(redis.call('GET', keys[index]) or '')
    redis.call('SET', keys[index], exact(later(known, at)), 'PX', args[4])
  end
  write_mark(keys[1], mark)
  return exact(at)
end

-- What a step meets that is about its keys is its own answer. The rest is about the server, and ends all.
local function attempt(keys, args)
  local is_done, answer = pcall(steps[args[1]], keys, args)
  if is_done then return answer end
  local text = type(answer) == 'table' and answer.err or answer
  if string.find(text, 'WRONGTYPE') then return {err = 'WRONGTYPE ' .. text} end
  error(answer)
end

local function part(list, from, count)
  return {unpack(list, from, from + count - 1)}
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
