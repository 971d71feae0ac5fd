-- Counts a group of calls by the generic cell rate algorithm, on the clock of Redis.
-- KEYS are counters. ARGV[1] is JSON: {"rules": [[interval, tolerance] for each counter], "asks": [[counter numbers, from 1] for each call]},
-- times in microseconds. Answers JSON: [now, [[each counter's time before the call] for each call]].
-- A call passes when none of its counters would run more than its tolerance ahead; only then it is counted.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local told = cjson.decode(ARGV[1])
local stands, changed, answers = {}, {}, {}
for i, kept in ipairs(#KEYS > 0 and redis.call('MGET', unpack(KEYS)) or {}) do
  stands[i] = math.max(tonumber(kept or 0), now)
end
for n, ask in ipairs(told.asks) do
  local passes, before = true, {}
  for at, i in ipairs(ask) do
    before[at] = stands[i]
    if stands[i] + told.rules[i][1] - now > told.rules[i][2] then passes = false end
  end
  if passes then
    for _, i in ipairs(ask) do
      stands[i] = stands[i] + told.rules[i][1]
      changed[i] = true
    end
  end
  answers[n] = before
end
for i in pairs(changed) do
  redis.call('SET', KEYS[i], string.format('%.3f', stands[i]), 'PX', math.ceil((stands[i] - now) / 1000) + 1)
end
for n, before in ipairs(answers) do
  for at, stand in ipairs(before) do before[at] = string.format('%.3f', stand) end
end
return cjson.encode({string.format('%.0f', now), answers})
