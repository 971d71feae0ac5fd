-- Counts a group of calls by the generic cell rate algorithm, on the clock of Redis.
-- KEYS are counters. ARGV[1] is JSON: {"rules": [[interval, tolerance] for each counter], "asks": [[counter numbers, from 1] for each call]},
-- times in microseconds. Answers whole numbers: now, then each counter's time before the call, call after call.
-- A call passes when none of its counters would run more than its tolerance ahead; only then it is counted.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local told = cjson.decode(ARGV[1])
local stands, changed, answer = {}, {}, {now}
for i, kept in ipairs(#KEYS > 0 and redis.call('MGET', unpack(KEYS)) or {}) do
  stands[i] = math.max(tonumber(kept or 0), now)
end
for _, ask in ipairs(told.asks) do
  local passes = true
  for _, i in ipairs(ask) do
    answer[#answer + 1] = math.floor(stands[i])
    if stands[i] + told.rules[i][1] - now > told.rules[i][2] then passes = false end
  end
  if passes then
    for _, i in ipairs(ask) do
      stands[i] = stands[i] + told.rules[i][1]
      changed[i] = true
    end
  end
end
for i in pairs(changed) do
  redis.call('SET', KEYS[i], string.format('%.3f', stands[i]), 'PX', math.ceil((stands[i] - now) / 1000) + 1)
end
return answer
