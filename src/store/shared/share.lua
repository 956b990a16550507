-- One replica tells what it has spent of one limit and holds of it, and asks for more.
--
-- KEYS[1]  a hash: `u` what is used, `t` when that was, `x` who was refused last and when, `b` when it was found
--          that the store had lost something, for each replica `r:ID` "what it has spent in all, what it holds,
--          its last question, when that was", and `f:ID` "what flows to it alone in a second, until when, what
--          it would take"
-- ARGV     1 replica, 2 number of the question, 3 spent in all, 4 of that told before, 5 held, 6 needed,
--          7 the least that helps, 8 wanted besides, 9 limit, 10 flows off in a second, 11 and 12 what it
--          knows of `u` and `t`, 13 a replica counts for so many microseconds, 14 the key is kept for so
--          many milliseconds, zero for ever, 15 what it would take in a second of what flows in, zero for no
--          part of its own, 16 what it had of that, 17 that part lasts so many microseconds
-- Answers  granted, used, held by all, replicas, microseconds to wait or -1, alone, wanted by another, now,
--          what flows to it alone in a second
local key, me = KEYS[1], 'r:' .. ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local now_text = string.format('%.0f', now)
local fields, all = {}, redis.call('HGETALL', key)
for at = 1, #all, 2 do fields[all[at]] = all[at + 1] end

-- Numbers beyond 2^53 are told apart by the server's own whole numbers.
local function minus(a, b)
  if #a < 16 and #b < 16 then return tonumber(a) - tonumber(b) end
  redis.call('HSET', key, '~', a)
  local left = redis.call('HINCRBY', key, '~', '-' .. b)
  redis.call('HDEL', key, '~')
  return left
end

local function record(text)
  local spent, held, nth, seen = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
  return spent, tonumber(held or 0), tonumber(nth or 0), tonumber(seen or 0)
end

local rate, limit, number = tonumber(ARGV[10]), tonumber(ARGV[9]), tonumber(ARGV[2])
local spent_before, last = ARGV[4], 0
if fields[me] then
  local spent, _, nth = record(fields[me])
  spent_before, last = spent or spent_before, nth
end
if number <= last then return {0, '0', 0, 1, -1, 0, 0, now, '0'} end

-- What flows to one replica flows off for no other. `begin`: when what is used was last counted.
local mine, wish, had, lasts = 'f:' .. ARGV[1], tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local begin = math.min(tonumber(fields.t or now), now + lasts)
local apart, parts, wishes, known = 0, 0, 0, 0
if rate > 0 then
  for name, text in pairs(fields) do
    if string.sub(name, 1, 2) == 'f:' then
      local part, till, other = string.match(text, '^(%S+) (%S+) (%S+)$')
      part, till, other = tonumber(part), tonumber(till), tonumber(other)
      apart = apart + part * math.max(0, math.min(now, till) - begin) / 1000000
      if till <= now then
        redis.call('HDEL', key, name)
      elseif name ~= mine then
        parts, wishes, known = parts + part, wishes + other, known + 1
      end
    end
  end
end

local function flown(used, since)
  return math.max(0, used - math.max(0, now - since) / 1000000 * rate)
end

local used = fields.u or '0'
if rate > 0 then
  local off = math.max(0, now - begin) / 1000000 * rate
  used = math.max(0, tonumber(used) - math.max(0, off - apart))
end
local has_lost = false
if not fields[me] and last == 0 then
  -- The store has lost what this replica knows.
  has_lost = number > 1
  local told = ARGV[11]
  if rate > 0 then
    -- Where a part of what flows in was a replica's own, it did not flow off here.
    used = math.max(used, had > 0 and tonumber(told) or flown(tonumber(told), tonumber(ARGV[12])))
    if has_lost then
      redis.call('HSET', key, 'b', now_text)
      -- It may have lost what flows to others, too, which goes on for so long.
      if had > 0 or used > limit / 2 then begin = now + lasts end
    end
  elseif minus(told, used) > 0 then
    used = told
    redis.call('HSET', key, 'u', used)
  end
end
local more = minus(ARGV[3], spent_before)
if rate > 0 then
  used = used + more
  redis.call('HSET', key, 'u', string.format('%.6f', used), 't', string.format('%.0f', math.max(now, begin)))
elseif more ~= 0 then
  redis.call('HINCRBY', key, 'u', string.format('%.0f', more))
  used = redis.call('HGET', key, 'u')
end

local others, replicas = 0, 1
for name, text in pairs(fields) do
  if name ~= me and string.sub(name, 1, 2) == 'r:' then
    local _, held, _, seen = record(text)
    if now - seen < tonumber(ARGV[13]) then
      others, replicas = others + held, replicas + 1
    elseif now - seen > 600000000 then
      redis.call('HDEL', key, name)
    end
  end
end

local held, need, least = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local left = math.floor(limit - tonumber(used) - others - held)
local granted, wait, alone = 0, -1, 0
if need > 0 then
  if left >= least then
    granted = math.min(need, left)
  elseif left > 0 and others == 0 and held == 0 then
    granted, alone = left, 1
  else
    if rate > 0 then wait = math.ceil((least - left) / rate * 1000000) end
    redis.call('HSET', key, 'x', now_text .. ' ' .. me)
  end
end
-- At most half of what is left for each, or what flows in in half a second: less would be asked for again at
-- once.
local most = math.max(math.floor((left - granted) / (2 * replicas)), math.min(left - granted, math.floor(rate / 2)))
granted = granted + math.max(0, math.min(tonumber(ARGV[8]), most))

local inflow = '0'
if rate > 0 and wish > 0 then
  -- Those that have not said what they would take are taken for the mean of those that have.
  local all = (wishes + wish) * math.max(1, replicas / (known + 1))
  local fair = math.min(wish, rate * wish / all)
  if has_lost then
    fair = had
  elseif had == 0 and fields.b and now - tonumber(fields.b) < lasts then
    fair = 0
  end
  -- No more than it has room for.
  local room = (held + granted) / math.min(0.4 * limit / rate, 0.9)
  local part = math.max(0, math.min(fair, rate - parts, room))
  inflow = string.format('%.6f', math.floor(part * 1000000) / 1000000)
  redis.call('HSET', key, mine, inflow .. ' ' .. string.format('%.0f', now + lasts) .. ' ' .. ARGV[15])
elseif fields[mine] then
  redis.call('HDEL', key, mine)
end

local wanted = 0
if fields.x then
  local at, who = string.match(fields.x, '^(%d+) (.*)$')
  if who ~= me and now - tonumber(at) < 1000000 then wanted = 1 end
end
redis.call('HSET', key, me,
  ARGV[3] .. ' ' .. string.format('%.0f', held + granted) .. ' ' .. ARGV[2] .. ' ' .. now_text)
if ARGV[14] == '0' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ARGV[14]) end
if rate > 0 then used = string.format('%.0f', math.ceil(used)) end
return {granted, used, others + held + granted, replicas, wait, alone, wanted, now, inflow}
