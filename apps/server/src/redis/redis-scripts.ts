// Each script is one step for everybody: nobody sees or counts anything between its lines. All of them take their time
// from the server, so that processes whose clocks differ count in the same minute.

/** Milliseconds and seconds of the server's clock. */
const readClock = `
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

/** Counts in a window that begins with its first count; what is taken back never makes less than nothing. */
const countInWindow = `
local amount = tonumber(ARGV[1])
if amount < 0 and tonumber(redis.call("GET", KEYS[1]) or "0") + amount <= 0 then
  redis.call("DEL", KEYS[1])
  return {0, 0}
end
local count = redis.call("INCRBY", KEYS[1], amount)
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call("PEXPIRE", KEYS[1], left)
end
return {count, left}
`;

// A minute touches 61 seconds, which are 61 fields of a hash for requests (r0 to r60) and as many for tokens; with them
// stand their sums, and the newest second. It is packages/server/src/key/rate-window.ts once more.
const openMinute = `
${readClock}
local slots = 61
local key = KEYS[1]
local second = math.floor(now / 1000)
local kept = redis.call("HMGET", key, "newest", "requests", "tokens")
local newest = tonumber(kept[1] or second)
local sums = {r = tonumber(kept[2] or 0), t = tonumber(kept[3] or 0)}
if second < newest then second = newest end
if second - newest >= slots then
  redis.call("DEL", key)
  sums = {r = 0, t = 0}
else
  for past = newest + 1, second do
    local r, t = "r" .. past % slots, "t" .. past % slots
    local old = redis.call("HMGET", key, r, t)
    if old[1] or old[2] then
      sums.r = sums.r - (old[1] or 0)
      sums.t = sums.t - (old[2] or 0)
      redis.call("HDEL", key, r, t)
    end
  end
end
local function endOf(past) return math.max(0, (past + slots) * 1000 - now) end
local function count(kind, amount, past)
  if amount == 0 then return end
  sums[kind] = sums[kind] + amount
  redis.call("HINCRBY", key, kind .. past % slots, amount)
end
local function keep()
  redis.call("HSET", key, "newest", second, "requests", sums.r, "tokens", sums.t)
  redis.call("PEXPIRE", key, (slots + 1) * 1000)
end
`;

/** Takes requests and tokens of a minute, both or none; a limit below zero is none. */
const takeOfMinute = `
${openMinute}
local function waitFor(kind, amount, limit)
  if limit < 0 or sums[kind] + amount <= limit then return 0 end
  local left = sums[kind]
  for past = second - slots + 1, second - 1 do
    left = left - (redis.call("HGET", key, kind .. past % slots) or 0)
    if left + amount <= limit then return endOf(past) end
  end
  return endOf(second)
end
local tokens = tonumber(ARGV[3])
local waitRequests = waitFor("r", 1, tonumber(ARGV[1]))
local waitTokens = waitRequests > 0 and 0 or waitFor("t", tokens, tonumber(ARGV[2]))
if waitRequests == 0 and waitTokens == 0 then
  count("r", 1, second)
  count("t", tokens, second)
end
keep()
return {waitRequests, waitTokens, second, sums.r, sums.t, endOf(second)}
`;

/** Takes back requests and tokens of a second, or counts further tokens now. */
const settleMinute = `
${openMinute}
local mark, requests, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function takeBack(kind, amount)
  if mark <= second - slots then return end
  local counted = tonumber(redis.call("HGET", key, kind .. mark % slots) or 0)
  count(kind, -math.min(amount, counted), mark)
end
takeBack("r", requests)
if tokens < 0 then takeBack("t", -tokens) else count("t", tokens, second) end
keep()
return 1
`;

/** Takes one of so many places for a time; the place of a process that died is free after it. */
const takePlace = `
${readClock}
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
if redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call("ZADD", KEYS[1], now + ARGV[3], ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return 1
`;

/** Keeps places for some more time, also those that a flush has taken. */
const keepPlaces = `
${readClock}
for index = 2, #ARGV do redis.call("ZADD", KEYS[1], now + ARGV[1], ARGV[index]) end
redis.call("PEXPIRE", KEYS[1], ARGV[1])
return 1
`;

/** Adds an entry to a stream that is bounded and expires, and wakes those who read it. */
const appendToStream = `
local fields = tonumber(ARGV[3])
redis.call("XADD", KEYS[1], "MAXLEN", "~", ARGV[1], "*", unpack(ARGV, 4, 3 + fields))
redis.call("PEXPIRE", KEYS[1], ARGV[2])
for index = 4 + fields, #ARGV, 2 do redis.call("PUBLISH", ARGV[index], ARGV[index + 1]) end
return 1
`;

/** The scripts, as commands of the client. */
export const scripts = {
  countInWindow: { lua: countInWindow, numberOfKeys: 1 },
  takeOfMinute: { lua: takeOfMinute, numberOfKeys: 1 },
  settleMinute: { lua: settleMinute, numberOfKeys: 1 },
  takePlace: { lua: takePlace, numberOfKeys: 1 },
  keepPlaces: { lua: keepPlaces, numberOfKeys: 1 },
  appendToStream: { lua: appendToStream, numberOfKeys: 1 },
};

/** The methods that the client has for them. */
export type ScriptCommands = {
  countInWindow(key: string, amount: number, windowMs: number): Promise<[count: number, resetMs: number]>;
  /** Answers with the waits for requests and tokens, the second, both sums, and when all of it is forgotten. */
  takeOfMinute(
    key: string,
    requestsMax: number,
    tokensMax: number,
    tokens: number,
  ): Promise<[number, number, number, number, number, number]>;
  settleMinute(key: string, mark: number, requests: number, tokens: number): Promise<number>;
  takePlace(key: string, place: string, placesMax: number, keptMs: number): Promise<number>;
  keepPlaces(key: string, keptMs: number, ...places: string[]): Promise<number>;
  appendToStream(
    key: string,
    entriesMax: number,
    keptMs: number,
    fields: number,
    ...fieldsAndWakes: string[]
  ): Promise<number>;
};
