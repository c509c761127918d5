/*
 * Each script works on one part of the people. KEYS[1] is the part's clock.
 *
 * A part has a time of its own, in microseconds. It runs with the server's clock but never goes back: where that one
 * jumps back, `ahead` takes up the difference, and the part's time goes on from where it was. So a window is as long
 * as ever, and of any two changes the later one has the higher time. What people are shown as their last activity is
 * the server's clock, in a hash of its own, in which it only grows.
 */
const READ_CLOCK = `
local time = redis.call('TIME')
local wall = time[1] * 1000000 + time[2]
local clock = redis.call('HMGET', KEYS[1], 'now', 'ahead', 'born')
local last, ahead, born = tonumber(clock[1] or '0'), tonumber(clock[2] or '0'), clock[3]
if wall + ahead < last then ahead = last - wall end
local now = math.max(wall + ahead, last + 1)
local function text(number) return string.format('%.0f', number) end`

const TICK = `
${READ_CLOCK}
born = born or text(now)
redis.call('HSET', KEYS[1], 'now', text(now), 'ahead', text(ahead), 'born', born)`

/**
 * KEYS: clock, online, seen, due, then the watchers of each person. ARGV: the window, how often to save, then each
 * person, how long ago they were active, all in microseconds, and their last activity as it was shown before, or 0.
 * Answers with the time, with everybody's last activity, then with each who came online, when they were last active,
 * and who watches them until when.
 */
export const TOUCH = `
${TICK}
local window = tonumber(ARGV[1])
local shown = {}
local answer = { text(now), shown }
for i = 3, #ARGV, 3 do
  local user, ago = ARGV[i], tonumber(ARGV[i + 1])
  local known = tonumber(redis.call('HGET', KEYS[3], user) or '0')
  local seen = math.max(known, math.floor((wall - ago) / 1000), tonumber(ARGV[i + 2]))
  if seen > known then redis.call('HSET', KEYS[3], user, text(seen)) end
  table.insert(shown, text(seen))
  redis.call('ZADD', KEYS[4], 'NX', ago < window and text(now + ARGV[2]) or 0, user)
  if ago < window then
    local before = redis.call('ZSCORE', KEYS[2], user)
    redis.call('ZADD', KEYS[2], 'GT', text(now - ago), user)
    if not before or tonumber(before) <= now - window then
      table.insert(answer, { user, text(seen), redis.call('HGETALL', KEYS[4 + i / 3]) })
    end
  end
end
return answer`

/**
 * KEYS: clock, online, seen, excused, then the watchers of each person. ARGV: the window, then each person and for how
 * long they are excused, in microseconds. Answers with the time, then with each who was offline and is unknown now, and
 * who watches them until when.
 */
export const EXCUSE = `
${TICK}
local answer = { text(now) }
for i = 2, #ARGV, 2 do
  local user = ARGV[i]
  local active, before = redis.call('ZSCORE', KEYS[2], user), redis.call('ZSCORE', KEYS[4], user)
  redis.call('ZADD', KEYS[4], 'GT', text(now + ARGV[i + 1]), user)
  local isOnline = active and tonumber(active) > now - tonumber(ARGV[1])
  if not isOnline and not (before and tonumber(before) > now) then
    table.insert(answer, { user, redis.call('HGET', KEYS[3], user) or '', redis.call('HGETALL', KEYS[4 + i / 2]) })
  end
end
return answer`

/**
 * KEYS: clock, online, seen, excused. ARGV: the window, and for how long after its birth a part is not sure of who is not
 * online; then people. Answers with the time, and for each with 1, 0, ? for who is excused, or nothing where it is not
 * sure, and with their last activity.
 */
const LOOK = (firstUser: number): string => `
local isYoung = not born or now - tonumber(born) < tonumber(ARGV[2])
local answer = { text(now) }
for i = ${firstUser}, #ARGV do
  local active = redis.call('ZSCORE', KEYS[2], ARGV[i])
  local isOnline = active and tonumber(active) > now - tonumber(ARGV[1])
  local ends = not isOnline and redis.call('ZSCORE', KEYS[4], ARGV[i])
  local isExcused = ends and tonumber(ends) > now
  table.insert(answer, isOnline and '1' or isExcused and '?' or isYoung and '' or '0')
  table.insert(answer, redis.call('HGET', KEYS[3], ARGV[i]) or '')
end
return answer`

export const LOOK_UP = `
${READ_CLOCK}
${LOOK(3)}`

/** As the last; ARGV[3] and ARGV[4] are a gateway, and for how long it watches; the watchers' keys follow in KEYS. */
export const WATCH = `
${READ_CLOCK}
for i = 5, #KEYS do
  local watchers = redis.call('HGETALL', KEYS[i])
  for j = 1, #watchers, 2 do
    if tonumber(watchers[j + 1]) <= now then redis.call('HDEL', KEYS[i], watchers[j]) end
  end
  redis.call('HSET', KEYS[i], ARGV[3], text(now + ARGV[4]))
  redis.call('PEXPIRE', KEYS[i], text(ARGV[4] / 1000))
end
${LOOK(5)}`

/**
 * KEYS: clock, online, seen, due, excused. ARGV: the window, how long a gateway sweeps alone, the gateway, how many at
 * most. Answers with the part's birth and, where it is this gateway's turn, with the time, with those who are offline,
 * those who are excused from now on, and those to be saved, each with their last activity.
 */
export const SWEEP = `
${TICK}
local lease = redis.call('HMGET', KEYS[1], 'sweeper', 'until')
if lease[1] and lease[1] ~= ARGV[3] and tonumber(lease[2]) > now then return { born } end
redis.call('HSET', KEYS[1], 'sweeper', ARGV[3], 'until', text(now + ARGV[2]))
local over = now - tonumber(ARGV[1])
local function first(key, limit) return redis.call('ZRANGEBYSCORE', key, '-inf', text(limit), 'LIMIT', 0, ARGV[4]) end
local function add(list, user)
  table.insert(list, user)
  table.insert(list, redis.call('HGET', KEYS[3], user) or '')
end
local offline, excused, due = {}, {}, {}
for _, user in ipairs(first(KEYS[2], over)) do
  local ends = redis.call('ZSCORE', KEYS[5], user)
  add(ends and tonumber(ends) > now and excused or offline, user)
end
for _, user in ipairs(first(KEYS[5], now)) do
  local active = redis.call('ZSCORE', KEYS[2], user)
  if not active then
    add(offline, user)
  elseif tonumber(active) > over then
    redis.call('ZREM', KEYS[5], user)
  end
end
for _, user in ipairs(first(KEYS[4], now)) do add(due, user) end
return { born, text(now), offline, excused, due }`

/**
 * KEYS: online, due, excused. ARGV: each person, the moment until which they may have been active, and the one until
 * which they may have been excused.
 */
export const SETTLE = `
for i = 1, #ARGV, 3 do
  local active = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if active and tonumber(active) <= tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('ZADD', KEYS[2], 0, ARGV[i])
  end
  local ends = redis.call('ZSCORE', KEYS[3], ARGV[i])
  if ends and tonumber(ends) <= tonumber(ARGV[i + 2]) then redis.call('ZREM', KEYS[3], ARGV[i]) end
end`

/** KEYS: online, seen, due. ARGV: each person and the last activity that was saved. What came later is unsaved still. */
export const SAVED = `
for i = 1, #ARGV, 2 do
  local user = ARGV[i]
  if redis.call('HGET', KEYS[2], user) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[3], user)
    if not redis.call('ZSCORE', KEYS[1], user) then redis.call('HDEL', KEYS[2], user) end
  end
end`

/** KEYS: clock. ARGV: a gateway that sweeps no more. */
export const LEAVE = `
if redis.call('HGET', KEYS[1], 'sweeper') == ARGV[1] then redis.call('HDEL', KEYS[1], 'sweeper', 'until') end`
