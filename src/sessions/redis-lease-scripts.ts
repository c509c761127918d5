/*
 * All leases are in one sorted set, by the moment when they run out, and beside it what their gateways noted with
 * them. Both keys are in one slot of a cluster, so that a script sees and changes them as one. Time is Redis' own:
 * gateways' clocks never meet.
 */
export const LEASES = 'parley:{gateways}'
export const NOTES = 'parley:{gateways}:notes'

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

const ANSWER = `
local answer = { lease, string.format('%.0f', now) }
for _, live in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')) do
  table.insert(answer, live)
  table.insert(answer, redis.call('HGET', KEYS[2], live) or '0')
end
return answer`

/** Changes nothing. Answers like the next one, with no lease. */
export const LIST = `
${NOW}
local lease = ''
${ANSWER}`

/**
 * Takes the gateway's id, its lease or nothing, how long a lease is for, and its note. Whatever has run out is
 * removed first, so that it can't be prolonged after somebody was told of its end. Answers with the lease, with the
 * time, and then with each lease and its note by turns.
 */
export const JOIN_OR_RENEW = `
${NOW}
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))) do
  redis.call('ZREM', KEYS[1], ended)
  redis.call('HDEL', KEYS[2], ended)
end
local lease = ARGV[2]
if lease == '' or not redis.call('ZSCORE', KEYS[1], lease) then
  lease = ARGV[1] .. '/' .. string.format('%d%06d', time[1], time[2])
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), lease)
redis.call('HSET', KEYS[2], lease, ARGV[4])
${ANSWER}`

/** Takes a lease and what to note. The lease stays until it runs out, so that others see that it was given back. */
export const LEAVE = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end`
