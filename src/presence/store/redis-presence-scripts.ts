/*
 * Each script works on one shard of the users. KEYS[1] is the shard's clock.
 *
 * A shard has its own logical time in microseconds, `now`. It follows the server's clock but never goes back. If the
 * server's clock jumps back, `ahead` absorbs the difference and the shard's time continues from where it was. So a
 * window keeps its length, and the later of two changes has the higher time. `lastSeenAt` as users see it follows the
 * server's clock. It is kept in a hash of its own and only grows.
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
 * Records activities.
 *
 * KEYS: clock, online, seen, due, then the watchers of each user.
 * ARGV: the window and the save interval in microseconds. Then per user: the id, the age of the activity in
 * microseconds, and the last activity that the store reported earlier in milliseconds, or 0.
 * Returns the time, the last activity of every user, then each user who came online: id, last activity, watchers.
 */
export const RECORD_ACTIVITY = `
${TICK}
local window = tonumber(ARGV[1])
local lastSeen = {}
local reply = { text(now), lastSeen }
for i = 3, #ARGV, 3 do
  local user, ago = ARGV[i], tonumber(ARGV[i + 1])
  local known = tonumber(redis.call('HGET', KEYS[3], user) or '0')
  local seen = math.max(known, math.floor((wall - ago) / 1000), tonumber(ARGV[i + 2]))
  if seen > known then redis.call('HSET', KEYS[3], user, text(seen)) end
  table.insert(lastSeen, text(seen))
  redis.call('ZADD', KEYS[4], 'NX', ago < window and text(now + ARGV[2]) or 0, user)
  if ago < window then
    local before = redis.call('ZSCORE', KEYS[2], user)
    redis.call('ZADD', KEYS[2], 'GT', text(now - ago), user)
    if not before or tonumber(before) <= now - window then
      table.insert(reply, { user, text(seen), redis.call('HGETALL', KEYS[4 + i / 3]) })
    end
  end
end
return reply`

/**
 * Grants grace periods.
 *
 * KEYS: clock, online, seen, grace ends, then the watchers of each user.
 * ARGV: the window. Then per user: the id, and the length of the grace period in microseconds.
 * Returns the time, then each user who was offline and is unknown now: id, last activity, watchers.
 */
export const GRANT_GRACE_PERIODS = `
${TICK}
local reply = { text(now) }
for i = 2, #ARGV, 2 do
  local user = ARGV[i]
  local active, before = redis.call('ZSCORE', KEYS[2], user), redis.call('ZSCORE', KEYS[4], user)
  redis.call('ZADD', KEYS[4], 'GT', text(now + ARGV[i + 1]), user)
  local isOnline = active and tonumber(active) > now - tonumber(ARGV[1])
  if not isOnline and not (before and tonumber(before) > now) then
    table.insert(reply, { user, redis.call('HGET', KEYS[3], user) or '', redis.call('HGETALL', KEYS[4 + i / 2]) })
  end
end
return reply`

/**
 * KEYS: clock, online, seen, grace ends.
 * ARGV: the window, and for how long after its creation a shard does not call a user offline. Then user ids.
 * Returns the time, then two entries per user: '1' online, '0' offline, '?' in a grace period or '' unsure, and the
 * last activity.
 */
const READ_STATES = (firstUser: number): string => `
local isYoung = not born or now - tonumber(born) < tonumber(ARGV[2])
local reply = { text(now) }
for i = ${firstUser}, #ARGV do
  local active = redis.call('ZSCORE', KEYS[2], ARGV[i])
  local isOnline = active and tonumber(active) > now - tonumber(ARGV[1])
  local graceEnd = not isOnline and redis.call('ZSCORE', KEYS[4], ARGV[i])
  local isInGracePeriod = graceEnd and tonumber(graceEnd) > now
  table.insert(reply, isOnline and '1' or isInGracePeriod and '?' or isYoung and '' or '0')
  table.insert(reply, redis.call('HGET', KEYS[3], ARGV[i]) or '')
end
return reply`

export const LOOK_UP = `
${READ_CLOCK}
${READ_STATES(3)}`

/**
 * As LOOK_UP, and registers a watcher. ARGV[3] is the gateway and ARGV[4] for how long it watches, before the user ids.
 * The watchers' keys of the users follow in KEYS.
 */
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
${READ_STATES(5)}`

/**
 * Finds expired users and unsaved activities, if this gateway holds the shard's sweep lease or can take it.
 *
 * KEYS: clock, online, seen, due, grace ends.
 * ARGV: the window, the length of the lease, the gateway, and the maximum number of users per list.
 * Returns when the shard was created. With the lease, also the time and three lists of users with their last activity:
 * offline users, users who are in a grace period from now on, and users to save.
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
local offline, inGracePeriod, due = {}, {}, {}
for _, user in ipairs(first(KEYS[2], over)) do
  local graceEnd = redis.call('ZSCORE', KEYS[5], user)
  add(graceEnd and tonumber(graceEnd) > now and inGracePeriod or offline, user)
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
return { born, text(now), offline, inGracePeriod, due }`

/**
 * Forgets expired users whose edges were published, unless they were active again.
 *
 * KEYS: online, due, grace ends.
 * ARGV: per user: the id, the latest activity that counts as expired, and the latest end of a grace period that does.
 */
export const CONFIRM_EXPIRED = `
for i = 1, #ARGV, 3 do
  local active = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if active and tonumber(active) <= tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('ZADD', KEYS[2], 0, ARGV[i])
  end
  local graceEnd = redis.call('ZSCORE', KEYS[3], ARGV[i])
  if graceEnd and tonumber(graceEnd) <= tonumber(ARGV[i + 2]) then redis.call('ZREM', KEYS[3], ARGV[i]) end
end`

/**
 * Marks last activities as saved. A later activity stays unsaved.
 *
 * KEYS: online, seen, due. ARGV: per user: the id, and the last activity that was saved.
 */
export const MARK_SAVED = `
for i = 1, #ARGV, 2 do
  local user = ARGV[i]
  if redis.call('HGET', KEYS[2], user) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[3], user)
    if not redis.call('ZSCORE', KEYS[1], user) then redis.call('HDEL', KEYS[2], user) end
  end
end`

/** Releases the sweep lease of a gateway. KEYS: clock. ARGV: the gateway. */
export const RELEASE_LEASE = `
if redis.call('HGET', KEYS[1], 'sweeper') == ARGV[1] then redis.call('HDEL', KEYS[1], 'sweeper', 'until') end`
