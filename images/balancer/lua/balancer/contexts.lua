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

local function key()
    return tonumber(cast("uintptr_t", get_request()))
end

function contexts.begin()
    local context = {}
    by_request[key()] = context
    return context
end

function contexts.current()
    return by_request[key()]
end

function contexts.take()
    local address = key()
    local context = by_request[address]
    by_request[address] = nil
    return context
end

return contexts
