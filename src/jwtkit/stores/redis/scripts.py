"""Every script the server runs for the store. Each is one atomic unit on the server that holds its keys.

All of them are declared to write, also those that do not: a server that has become a replica, or is cut off
from its replicas while it must have some, then refuses to answer at all and cannot answer from the past.
``allow-oom``: ending sessions, rotating and asking go on when the memory is full; only logins do not.

A script names the keys it touches, so that a cluster can find them. Two exceptions, used on a single server
only: reading a session goes on to the epochs of the issuer that its row names, and listing a subject's
sessions goes on to their rows.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final

__all__ = [
    "BUMP",
    "DENY",
    "DROP",
    "FACTS",
    "FORGET",
    "INDEX",
    "INSERT",
    "INSERT_INDEXED",
    "LIST",
    "MEMBERS",
    "PURGE",
    "PURGE_DENIED",
    "READ",
    "READ_ROW",
    "REGISTER",
    "REPAIR",
    "SECRETS",
    "STATUS",
    "SWAP",
    "Script",
]


_SHARED: Final = r"""
-- Milliseconds: as given, or by this server's clock.
local function time(given)
  if given ~= '' then return tonumber(given) end
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- How long to keep what must be there until then. No number of Redis' holds more than a few thousand years.
local function lifetime(keep_until, now)
  return string.format('%.0f', math.max(1, math.min(tonumber(keep_until) - now, 2 ^ 47)))
end

-- The first fields of a row.
local function head(row)
  local fields, from = {}, 1
  for number = 1, 9 do
    local to = string.find(row, '\0', from, true)
    fields[number] = string.sub(row, from, to - 1)
    from = to + 1
  end
  return {
    issuer = fields[3], subject = fields[4], tenant = fields[6] ~= '' and string.sub(fields[6], 2),
    over_at = fields[7], ended_at = fields[8], key_id = fields[9],
  }
end

local reserved = {['%'] = '%25', ['{'] = '%7B', ['}'] = '%7D', ['|'] = '%7C'}
local function tag(text)
  if text == '' then return '{%}' end
  return '{' .. string.gsub(text, '[%%{}|]', reserved) .. '}'
end

-- The highest of an issuer's epochs that have these names.
local function highest(key, names)
  local epoch = 0
  for _, found in ipairs(redis.call('HMGET', key, unpack(names))) do
    if found then epoch = math.max(epoch, tonumber(found)) end
  end
  return epoch
end

local function scopes(subject, tenant)
  local names = {'all'}
  if subject then names[2] = 'subject:' .. subject end
  if tenant then names[#names + 1] = 'tenant:' .. tenant end
  return names
end

-- What an index entry says: whose it is, when it was written, until when it may be needed.
local function entry(member)
  return string.match(member, '^(.*)%z(%d+)%z(%-?%d+)$')
end

local function put_in_index(key, session_id, score, keep_until, now)
  -- The oldest logins first: those that are over for good make room for this one.
  for _, member in ipairs(redis.call('ZRANGE', key, -4, -1)) do
    local _, _, ending = entry(member)
    if tonumber(ending) < now then redis.call('ZREM', key, member) end
  end
  local member = session_id .. '\0' .. string.format('%.0f', now) .. '\0' .. keep_until
  redis.call('ZADD', key, score, member)
  local kept = lifetime(keep_until, now)
  if redis.call('PTTL', key) < tonumber(kept) then redis.call('PEXPIRE', key, kept) end
end
"""


class Script:
    """A script and the name the server caches it under.

    Args:
        body: Lua.
        flags: As Redis 7 knows them.
    """

    __slots__ = ("sha", "text")

    def __init__(self, body: str, *, flags: str = "allow-oom") -> None:
        shebang = f"#!lua flags={flags}" if flags else "#!lua"
        self.text: Final = f"{shebang}\n{_SHARED}{body}"
        # Redis' own name for it, not a matter of security.
        self.sha: Final = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


READ: Final = Script(
    r"""
local row = redis.call('GET', KEYS[1])
local now = time(ARGV[2])
if not row then return {false, 0, now} end
local family = head(row)
return {row, highest(ARGV[1] .. tag(family.issuer) .. ':epochs', scopes(family.subject, family.tenant)), now}
"""
)
"""A row, its epoch, the time."""

READ_ROW: Final = Script("return {redis.call('GET', KEYS[1]), time(ARGV[1])}")
"""A row and the time, for a cluster."""

FACTS: Final = Script(
    r"""
local epoch, denied = 0, false
if #ARGV > 1 then epoch = highest(KEYS[1], {unpack(ARGV, 2)}) end
if KEYS[2] then denied = redis.call('GET', KEYS[2]) end
return {epoch, denied, time(ARGV[1])}
"""
)
"""The highest of some epochs of an issuer, until when a token is denied, the time."""

STATUS: Final = Script(
    r"""
local row = KEYS[3] and redis.call('GET', KEYS[3])
local family = row and head(row)
local over_at, ended_at, names = false, '', {unpack(ARGV, 3)}
if family and family.issuer == ARGV[2] then
  over_at, ended_at, names = family.over_at, family.ended_at, scopes(family.subject, family.tenant)
end
return {over_at, ended_at, highest(KEYS[1], names), redis.call('GET', KEYS[2]), time(ARGV[1])}
"""
)
"""Everything a validator asks: when the session is over, its end, the epoch, until when denied, the time."""

INSERT: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known then return known == ARGV[1] and 1 or 0 end
local now = time(ARGV[3])
if ARGV[4] ~= '' and now > tonumber(ARGV[4]) then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', lifetime(ARGV[2], now))
return 1
""",
    flags="",
)
"""Add a row whose index entry is written; -1 where that was too long ago to be sure that it still stands."""

INDEX: Final = Script(
    r"""
local now = time(ARGV[4])
put_in_index(KEYS[1], ARGV[1], ARGV[2], ARGV[3], now)
return now
""",
    flags="",
)
"""Say that a subject is about to have a session."""

INSERT_INDEXED: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known then return known == ARGV[1] and 1 or 0 end
local now = time(ARGV[3])
put_in_index(KEYS[2], ARGV[4], ARGV[5], ARGV[2], now)
redis.call('SET', KEYS[1], ARGV[1], 'PX', lifetime(ARGV[2], now))
return 1
""",
    flags="",
)
"""Both at once, on a single server."""

SWAP: Final = Script(
    r"""
local row = redis.call('GET', KEYS[1])
if not row then return 0 end
if string.sub(row, 1, #ARGV[1]) ~= ARGV[1] then return row == ARGV[2] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', lifetime(ARGV[3], time(ARGV[4])))
return 1
"""
)
"""Replace a row that begins as it did when it was read."""

BUMP: Final = Script(
    r"""
local last = tonumber(redis.call('HGET', KEYS[1], 'latest') or 0)
local epoch = string.format('%.0f', math.max(time(ARGV[2]), last + 1))
redis.call('HSET', KEYS[1], ARGV[1], epoch, 'latest', epoch)
return tonumber(epoch)
"""
)
"""Set an epoch above every other of its issuer."""

DENY: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known and tonumber(known) >= tonumber(ARGV[1]) then return end
redis.call('SET', KEYS[1], ARGV[1], 'PX', lifetime(ARGV[2], time(ARGV[3])))
"""
)
"""Deny a token until a time, or until a later one."""

LIST: Final = Script(
    r"""
local now, skip, room = time(ARGV[5]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found, gone, last = {now}, {}, nil
local first = 0
while room > 0 do
  local members = redis.call('ZRANGE', KEYS[1], first, first + 255)
  for _, member in ipairs(members) do
    local session_id = entry(member)
    local row = session_id ~= last and redis.call('GET', ARGV[1] .. tag(session_id))
    local family = row and head(row)
    if family and family.issuer .. '\0' .. family.subject == ARGV[2] and room > 0 then
      if skip > 0 then skip = skip - 1 else
        local epochs = ARGV[1] .. tag(family.issuer) .. ':epochs'
        found[#found + 1] = session_id
        found[#found + 1] = row
        found[#found + 1] = highest(epochs, scopes(family.subject, family.tenant))
        room = room - 1
      end
    elseif not row and session_id ~= last then
      gone[#gone + 1] = member
    end
    last = session_id
  end
  if #members < 256 then break end
  first = first + 256
end
for _, member in ipairs(gone) do redis.call('ZREM', KEYS[1], member) end
return found
"""
)
"""The time, then ids, rows and epochs of a subject's sessions; drops entries of sessions that are gone."""

MEMBERS: Final = Script("return {redis.call('ZRANGE', KEYS[1], 0, -1), time(ARGV[1])}")
"""The index of a subject, and the time."""

DROP: Final = Script("return redis.call('ZREM', KEYS[1], unpack(ARGV))")
"""Drop entries of an index."""

REPAIR: Final = Script(
    r"""
for _, key in ipairs(KEYS) do
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    local session_id = entry(member)
    if redis.call('EXISTS', ARGV[1] .. tag(session_id)) == 0 then redis.call('ZREM', key, member) end
  end
end
"""
)
"""Drop the entries of sessions that are gone from many indexes, on a single server."""

PURGE: Final = Script(
    r"""
local now, room = time(ARGV[3]), tonumber(ARGV[2])
local before, removed, said, answer = math.min(tonumber(ARGV[1]), now), 0, {}, {}
for _, key in ipairs(KEYS) do
  local row = redis.call('GET', key)
  if row then
    local family = head(row)
    if removed < room and tonumber(family.over_at) < before then
      redis.call('DEL', key)
      removed = removed + 1
    else
      local living = family.issuer .. '\0' .. family.key_id
      if not said[living] then
        said[living] = true
        answer[#answer + 1] = living
      end
    end
  end
end
return {removed, answer}
"""
)
"""Remove rows that were over before a time; say how many, and which secrets the others need."""

PURGE_DENIED: Final = Script(
    r"""
local now, room, removed = time(ARGV[3]), tonumber(ARGV[2]), 0
local before = math.min(tonumber(ARGV[1]), now)
for _, key in ipairs(KEYS) do
  local denied_until = redis.call('GET', key)
  if removed < room and denied_until and tonumber(denied_until) < before then
    redis.call('DEL', key)
    removed = removed + 1
  end
end
return {removed, {}}
"""
)
"""Remove denials that were over before a time; say how many."""

REGISTER: Final = Script(
    r"""
local known = redis.call('HGET', KEYS[1], ARGV[1])
local ending = known and tonumber(string.match(known, ' (%-?%d+)$')) or 0
ending = string.format('%.0f', math.max(ending, tonumber(ARGV[2])))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', time(ARGV[3])) .. ' ' .. ending)
"""
)
"""Say that sessions are written with a rotation secret, now, and until when they may live."""

SECRETS: Final = Script("return {redis.call('HGETALL', KEYS[1]), time(ARGV[1])}")
"""The rotation secrets of an issuer, and the time."""

FORGET: Final = Script(
    r"""
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
"""
)
"""Forget a rotation secret of which nobody said anything in the meantime."""
