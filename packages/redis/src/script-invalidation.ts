/** A record outlives each entry that carries its generation: it is kept for so long at the least, and anew when half is over. */
export const RECORD_LIFE_MS = 30 * 86_400_000;
/** Tags of one namespace whose sequences are kept. */
const MOST_TAGS = 100_000;

/**
 * The steps about what was invalidated. The record of a namespace is `epoch sequence cleared tagged` (docs/wire-format.md).
 * The sequences of its tags are a sorted set: `t<tag>` by sequence, and `e<epoch>` by the sequence up to which tags may be
 * missing. So tags that were lost, or are of another record, vouch for nothing.
 */
export const INVALIDATION_STEPS = `
-- keys: a record and its tags. a new epoch, tags: everything in the namespace, or what carries one of the tags, is
-- invalid. Returns the epoch and the sequence. A server that is full refuses a script whose first write takes room: so the
-- first one is a deletion.
function steps.invalidate(keys, args)
  local name, tags = keys[1], keys[2]
  local text, epoch, sequence, cleared, tagged = record_at(name)
  local left = redis.call('PTTL', name)
  if not epoch then epoch, sequence, cleared, tagged, left = args[2], 0, 0, 0, 0 end
  sequence = math.max(sequence + 1, sequence_now())
  redis.call('DEL', name)
  if #args == 2 then
    redis.call('DEL', tags)
    cleared = sequence
  else
    local vouching = 'e' .. epoch
    if type(redis.pcall('ZSCORE', tags, vouching)) ~= 'string' then
      redis.call('DEL', tags)
      redis.call('ZADD', tags, tagged, vouching)
    end
    local score = string.format('%.0f', sequence)
    for index = 3, #args do redis.call('ZADD', tags, score, 't' .. args[index]) end
    local excess = redis.call('ZCARD', tags) - ${MOST_TAGS}
    if excess > 0 then
      local last = redis.call('ZRANGE', tags, excess - 1, excess - 1, 'WITHSCORES')
      redis.call('ZREMRANGEBYRANK', tags, 0, excess - 1)
      redis.call('ZADD', tags, last[2], vouching)
    end
    redis.call('PEXPIRE', tags, math.max(left, ${RECORD_LIFE_MS}))
    tagged = sequence
  end
  text = string.format('%s %.0f %.0f %.0f', epoch, sequence, cleared, tagged)
  if left == -1 then
    redis.call('SET', name, text)
    redis.call('PERSIST', tags)
  else
    redis.call('SET', name, text, 'PX', math.max(left, ${RECORD_LIFE_MS}))
  end
  return {epoch, string.format('%.0f', sequence)}
end

-- keys: tags. epoch, tags: up to which sequence tags may be missing, and the sequence of each; nothing where the tags
-- are not those of the record
function steps.tags(keys, args)
  local since = redis.pcall('ZSCORE', keys[1], 'e' .. args[2])
  if type(since) ~= 'string' then return {} end
  local sequences = {since}
  for index = 3, #args do sequences[index - 1] = redis.call('ZSCORE', keys[1], 't' .. args[index]) or '0' end
  return sequences
end`;
