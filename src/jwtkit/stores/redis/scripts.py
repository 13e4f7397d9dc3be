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

_TIME: Final = r"""
-- Milliseconds: as given, or by this server's clock.
local function time(given)
  if given then return tonumber(given) end
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
"""

_HEAD: Final = r"""
-- What the store must know of a row: its issuer, subject, the names of the epochs of its subject and tenant
-- ('all' where it has no tenant), when it is over, when it was ended, its secret.
local function head(row)
  local issuer, subject, tenant, over_at, ended_at, key_id = string.match(row,
    '^1%z%d+%z([^%z]*)%z([^%z]*)%z%-?%d+%z([^%z]*)%z(%-?%d+)%z([^%z]*)%z([^%z]*)%z')
  if not issuer then error('a row of another kind') end
  tenant = tenant == '' and 'all' or 'tenant:' .. string.sub(tenant, 2)
  return issuer, subject, 'subject:' .. subject, tenant, over_at, ended_at, key_id
end
"""

_TAG: Final = r"""
local reserved = {['%'] = '%25', ['{'] = '%7B', ['}'] = '%7D', ['|'] = '%7C'}
local function tag(text)
  if text == '' then return '{%}' end
  return '{' .. string.gsub(text, '[%%{}|]', reserved) .. '}'
end
"""

_EPOCHS: Final = r"""
-- The highest of an issuer's epochs: that of all, and two others by their names.
local function highest(key, one, other)
  local found = redis.call('HMGET', key, 'all', one, other)
  return math.max(tonumber(found[1] or 0), tonumber(found[2] or 0), tonumber(found[3] or 0))
end
"""

_ENTRY: Final = r"""
-- What an index entry says: whose it is, when it was written, until when it may be needed.
local function entry(member)
  return string.match(member, '^(.*)%z(%d+)%z(%-?%d+)$')
end
"""

_INDEX: Final = rf"""{_ENTRY}
local function put_in_index(key, session_id, score, keep_until, now, leaves, at)
  -- The oldest logins first: those that are over for good make room for this one.
  for _, member in ipairs(redis.call('ZRANGE', key, -4, -1)) do
    local _, _, ending = entry(member)
    if tonumber(ending) < now then redis.call('ZREM', key, member) end
  end
  redis.call('ZADD', key, score, session_id .. '\0' .. string.format('%.0f', now) .. '\0' .. keep_until)
  -- The index leaves with the last of its rows.
  local expire = leaves == 'PXAT' and 'PEXPIREAT' or 'PEXPIRE'
  redis.call(expire, key, at, 'NX')
  redis.call(expire, key, at, 'GT')
end
"""


class Script:
    """A script and the name the server caches it under.

    Args:
        body: Lua.
        uses: The functions it calls.
        flags: As Redis 7 knows them.
    """

    __slots__ = ("sha", "text")

    def __init__(self, body: str, *uses: str, flags: str = " flags=allow-oom") -> None:
        self.text: Final = "".join((f"#!lua{flags}\n", *uses, body))
        # Redis' own name for it, not a matter of security.
        self.sha: Final = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


READ: Final = Script(
    r"""
local row = redis.call('GET', KEYS[1])
if not row then return string.format('0 %.0f', time(ARGV[1])) end
local issuer, _, one, other = head(row)
local prefix = string.match(KEYS[1], '^[^{]*')
local epoch = highest(prefix .. tag(issuer) .. ':epochs', one, other)
return string.format('%.0f %.0f', epoch, time(ARGV[1])) .. '\0' .. row
""",
    _TIME,
    _HEAD,
    _TAG,
    _EPOCHS,
)
"""A session's epoch, the time and, where there is one, its row: as one text, which is read faster."""

READ_ROW: Final = Script("return {redis.call('GET', KEYS[1]), time(ARGV[1])}", _TIME)
"""A row and the time, for a cluster."""

FACTS: Final = Script(
    r"""
local epoch, denied = 0, false
local names = tonumber(ARGV[1])
if names > 0 then
  for _, found in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV, 2, 1 + names))) do
    epoch = math.max(epoch, tonumber(found or 0))
  end
end
if KEYS[2] then denied = redis.call('GET', KEYS[2]) end
return {epoch, denied, time(ARGV[2 + names])}
""",
    _TIME,
)
"""The highest of some epochs of an issuer, until when a token is denied, the time."""

STATUS: Final = Script(
    r"""
local row = KEYS[3] and redis.call('GET', KEYS[3])
local one, other, over_at, ended_at = ARGV[2], ARGV[3], '', ''
if row then
  local issuer, _, subject, tenant, over, ended = head(row)
  if issuer == ARGV[1] then one, other, over_at, ended_at = subject, tenant, over, ended end
end
local epoch, denied_until = highest(KEYS[1], one, other), redis.call('GET', KEYS[2]) or ''
return string.format('%s %s %.0f %s %.0f', over_at, ended_at, epoch, denied_until, time(ARGV[4]))
""",
    _TIME,
    _HEAD,
    _EPOCHS,
)
"""What a validator asks: when the session is over and was ended, the epoch, until when denied, the time."""

INSERT: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known then return known == ARGV[1] and 1 or 0 end
if time(ARGV[5]) > tonumber(ARGV[4]) then return -1 end
redis.call('SET', KEYS[1], ARGV[1], ARGV[2], ARGV[3])
return 1
""",
    _TIME,
    flags="",
)
"""Add a row whose index entry is written; -1 where that was too long ago to be sure that it still stands."""

INDEX: Final = Script(
    r"""
local now = time(ARGV[6])
put_in_index(KEYS[1], ARGV[3], ARGV[4], ARGV[5], now, ARGV[1], ARGV[2])
return now
""",
    _TIME,
    _INDEX,
    flags="",
)
"""Say that a subject is about to have a session; return when that was."""

INSERT_INDEXED: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known then return known == ARGV[1] and 1 or 0 end
put_in_index(KEYS[2], ARGV[4], ARGV[5], ARGV[6], time(ARGV[7]), ARGV[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], ARGV[2], ARGV[3])
return 1
""",
    _TIME,
    _INDEX,
    flags="",
)
"""Both at once, on a single server."""

SWAP: Final = Script(
    r"""
local row = redis.call('GET', KEYS[1])
if not row then return 0 end
if string.sub(row, 1, #ARGV[1]) ~= ARGV[1] then return row == ARGV[2] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[2], ARGV[3], ARGV[4])
return 1
"""
)
"""Replace a row that begins as it did when it was read, and say when the new one leaves."""

BUMP: Final = Script(
    r"""
local last = tonumber(redis.call('HGET', KEYS[1], 'latest') or 0)
local epoch = string.format('%.0f', math.max(time(ARGV[2]), last + 1))
redis.call('HSET', KEYS[1], ARGV[1], epoch, 'latest', epoch)
return tonumber(epoch)
""",
    _TIME,
)
"""Set an epoch above every other of its issuer."""

DENY: Final = Script(
    r"""
local known = redis.call('GET', KEYS[1])
if known and tonumber(known) >= tonumber(ARGV[1]) then return end
redis.call('SET', KEYS[1], ARGV[1], ARGV[2], ARGV[3])
"""
)
"""Deny a token until a time, or until a later one."""

LIST: Final = Script(
    r"""
local skip, room, found, gone, first, last = tonumber(ARGV[3]), tonumber(ARGV[4]), {}, {}, 0, nil
while room > 0 do
  local members = redis.call('ZRANGE', KEYS[1], first, first + 255)
  for _, member in ipairs(members) do
    local session_id = entry(member)
    if session_id ~= last and room > 0 then
      local row = redis.call('GET', ARGV[1] .. tag(session_id))
      local issuer, subject, one, other
      if row then issuer, subject, one, other = head(row) end
      if not row or issuer .. '\0' .. subject ~= ARGV[2] then
        gone[#gone + 1] = member
      elseif skip > 0 then
        skip = skip - 1
      else
        found[#found + 1] = session_id
        found[#found + 1] = row
        found[#found + 1] = highest(ARGV[1] .. tag(issuer) .. ':epochs', one, other)
        room = room - 1
      end
    end
    last = session_id
  end
  if #members < 256 then break end
  first = first + 256
end
for _, member in ipairs(gone) do redis.call('ZREM', KEYS[1], member) end
found[#found + 1] = time(ARGV[5])
return found
""",
    _TIME,
    _HEAD,
    _TAG,
    _EPOCHS,
    _ENTRY,
)
"""Ids, rows and epochs of a subject's sessions, then the time; drops entries of sessions that are gone."""

MEMBERS: Final = Script("return {redis.call('ZRANGE', KEYS[1], 0, -1), time(ARGV[1])}", _TIME)
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
""",
    _TAG,
    _ENTRY,
)
"""Drop the entries of sessions that are gone from many indexes, on a single server."""

PURGE: Final = Script(
    r"""
local room, removed, said, living = tonumber(ARGV[2]), 0, {}, {}
local before = math.min(tonumber(ARGV[1]), time(ARGV[3]))
for _, key in ipairs(KEYS) do
  local row = redis.call('GET', key)
  if row then
    local issuer, _, _, _, over_at, _, key_id = head(row)
    if removed < room and tonumber(over_at) < before then
      redis.call('DEL', key)
      removed = removed + 1
    else
      local needed = issuer .. '\0' .. key_id
      if not said[needed] then living[#living + 1] = needed end
      said[needed] = true
    end
  end
end
return {removed, living}
""",
    _TIME,
    _HEAD,
)
"""Remove rows that were over before a time; say how many, and which secrets the others need."""

PURGE_DENIED: Final = Script(
    r"""
local room, removed = tonumber(ARGV[2]), 0
local before = math.min(tonumber(ARGV[1]), time(ARGV[3]))
for _, key in ipairs(KEYS) do
  local denied_until = redis.call('GET', key)
  if removed < room and denied_until and tonumber(denied_until) < before then
    redis.call('DEL', key)
    removed = removed + 1
  end
end
return {removed, {}}
""",
    _TIME,
)
"""Remove denials that were over before a time; say how many."""

REGISTER: Final = Script(
    r"""
local known = redis.call('HGET', KEYS[1], ARGV[1])
local ending = known and tonumber(string.match(known, ' (%-?%d+)$')) or 0
ending = string.format('%.0f', math.max(ending, tonumber(ARGV[2])))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', time(ARGV[3])) .. ' ' .. ending)
""",
    _TIME,
)
"""Say that sessions are written with a rotation secret, now, and until when they may live."""

SECRETS: Final = Script("return {redis.call('HGETALL', KEYS[1]), time(ARGV[1])}", _TIME)
"""The rotation secrets of an issuer, and the time."""

FORGET: Final = Script(
    "if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end"
)
"""Forget a rotation secret of which nobody said anything in the meantime."""
