-- One replica tells what it has found of providers, asks for turns, and hears what others have found.
--
-- KEYS[1]  a hash: `e` tells one life of it from another, `v` how often something was told; for each topic of
--          each provider "number replica until text"; for each turn "replica until"
-- ARGV     1 replica, 2 and 3 what it knows of `e` and `v`, 4 where others hear that there is news; then
--          for each thing to say: `tell` or `ask`, the field, microseconds that it holds, the text
-- Answers  `e`, `v`, now, for each that was asked the microseconds that another has it (0: it is granted),
--          and field, microseconds left and text of what others have told since
local key, me = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end
local life = redis.call('HGET', key, 'e')
if not life then
  life = whole(now) .. '.' .. me
  redis.call('HSET', key, 'e', life)
end
local version, has_news, asked = tonumber(redis.call('HGET', key, 'v') or 0), false, {}

for at = 5, #ARGV, 4 do
  local field, till, text = ARGV[at + 1], whole(now + tonumber(ARGV[at + 2])), ARGV[at + 3]
  if ARGV[at] == 'tell' then
    version, has_news = version + 1, true
    redis.call('HSET', key, field, whole(version) .. ' ' .. me .. ' ' .. till .. ' ' .. text)
    if string.sub(field, 1, 2) == 'b:' then
      -- The trial is over, or there is none to be made.
      local trial = 't:' .. string.sub(field, 3)
      local who = string.match(redis.call('HGET', key, trial) or '', '^%S+')
      if who == me or tonumber(till) > now or string.sub(text, 1, 4) == 'well' then
        redis.call('HDEL', key, trial)
      end
    end
  else
    local who, ends = string.match(redis.call('HGET', key, field) or '', '^(%S+) (%d+)$')
    local left = 0
    if who and who ~= me then left = math.max(0, tonumber(ends) - now) end
    if left == 0 then redis.call('HSET', key, field, me .. ' ' .. till) end
    asked[#asked + 1] = whole(left)
  end
end

local heard, known = {}, tonumber(ARGV[3])
if ARGV[2] ~= life then known = 0 end
if version > known then
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local number, who, till, text = string.match(all[at + 1], '^(%d+) (%S+) (%d+) (.+)$')
    if number and tonumber(till) + 3600000000 < now then
      redis.call('HDEL', key, all[at])
    elseif number and tonumber(number) > known and who ~= me then
      heard[#heard + 1] = all[at]
      heard[#heard + 1] = whole(math.max(0, tonumber(till) - now))
      heard[#heard + 1] = text
    end
  end
end
if has_news then
  redis.call('HSET', key, 'v', whole(version))
  -- A user who may not do this is no reason not to be told: others ask now and then.
  redis.pcall('PUBLISH', ARGV[4], me)
end
redis.call('PEXPIRE', key, 86400000)
return {life, whole(version), whole(now), asked, heard}
