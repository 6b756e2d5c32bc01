-- What is known of each request under way, from its first phase to its last.
--
-- Not `ngx.ctx`: that is lost where a request goes on in another location, and what a request has in
-- flight must be given back whatever way it took. Kept by the address of nginx's own record of the
-- request; `take` in the last phase, which every request comes to, lets go of it.

local base = require "resty.core.base"
local ffi = require "ffi"

local get_request, cast = base.get_request, ffi.cast

local contexts = {}
local by_request = {}
-- How long the target took until its answer began, in seconds; before that, the moment at which it
-- was asked, less than nothing.
local answer_s = {}

local function key()
    return tonumber(cast("uintptr_t", get_request()))
end

-- Begin with nothing known.
function contexts.begin()
    local context = {}
    by_request[key()] = context
    return context
end

function contexts.current()
    return by_request[key()]
end

-- A target is asked now; `known` is a context that has it, or the target itself.
function contexts.ask(known, now)
    local address = key()
    by_request[address] = known
    answer_s[address] = -now
end

-- The head of the target's answer is there: what is known of the request.
function contexts.answered(now)
    local address = key()
    local asked_at = answer_s[address]
    if asked_at and asked_at < 0 then
        answer_s[address] = now + asked_at
    end
    return by_request[address]
end

-- What came was no answer: nothing is known of the request but its target.
function contexts.refuse(known)
    local address = key()
    by_request[address] = { target = known.target, is_refused = true }
    answer_s[address] = nil
end

-- What is known in the end, and after how long the target answered; nil where it did not.
function contexts.take()
    local address = key()
    local known, seconds = by_request[address], answer_s[address]
    by_request[address] = nil
    answer_s[address] = nil
    return known, seconds and seconds >= 0 and seconds or nil
end

return contexts
