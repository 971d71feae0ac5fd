-- Three rates at once (GCRA): all are counted, or none when one of them is used up.
-- KEYS: one per rate. ARGV: per rate the microseconds between two calls, then how many may come at once.
-- Answer: {index of the refusing rate or 0, seconds to wait, then per rate: calls left, seconds to full}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local news, left = {}, {}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = math.max(tonumber(redis.call('GET', key)) or now, now) + interval
  local early = arrival - now - interval * burst
  if early > 0 then
    return {i, math.ceil(early / 1000000)}
  end
  news[i] = arrival
  left[2 * i - 1] = math.floor(-early / interval)
  left[2 * i] = math.ceil((arrival - now) / 1000000)
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', news[i]), 'PX', math.ceil((news[i] - now) / 1000) + 1)
end
return {0, tonumber(time[1]), unpack(left)}
