-- A request's way: `route` says what becomes of it, `balance` names its target (and another, where
-- the first could not be reached), `finish` counts it. In this order, each in its phase of nginx.

local answer = require "balancer.answer"
local choose = require "balancer.choose"
local contexts = require "balancer.contexts"
local figures = require "balancer.figures"
local peers = require "ngx.balancer"
local state = require "balancer.state"
local sticky = require "balancer.sticky"

local shared = figures.shared
local enter, leave = figures.enter, figures.leave

local request = {}

-- What `route` says: go on to a target as most do, or see what is special about this one.
local FORWARD, SPECIAL = "", "1"
local TRIES_MAX = 3

local function action_for(port)
    local now = state.current()
    local listener = now and now.listeners[port]
    if not listener then
        return nil
    end
    for i = 1, listener.rule_count do
        local rule = listener.rules[i]
        if rule.fits() then
            return rule.action, rule.id
        end
    end
    return listener.action, nil
end

-- The group of a forward action; where groups are sticky, the one that the client was led to.
local function group_for(action, context)
    local group_is_sticky = action.stickiness_s > 0
    if not group_is_sticky then
        return choose.group(action)
    end
    context.cookie = sticky.read(state.current().secret)
    local cookie = context.cookie
    if cookie and cookie.group_until > ngx.time() then
        for _, weighted in ipairs(action.groups) do
            if weighted.id == cookie.group and weighted.group then
                return weighted.group
            end
        end
    end
    return choose.group(action)
end

-- A client that reads events wants each as it comes, not when a buffer is full.
local function wants_events()
    local accepted = ngx.var.http_accept
    return accepted and accepted:find("text/event-stream", 1, true) ~= nil
end

-- What is to become of the request that has come to this port.
function request.route(port)
    local action, rule_id = action_for(port)
    if not action then
        return SPECIAL
    end
    local context = contexts.begin()
    context.action = action
    if rule_id then
        ngx.var.rule = rule_id
    end
    if action.type ~= "forward" then
        return SPECIAL
    end
    local group = group_for(action, context)
    if not group or group.count == 0 then
        return SPECIAL
    end
    context.group = group
    if shared.is_retiring ~= 0 or wants_events() then
        return SPECIAL
    end
    return FORWARD
end

-- What `route` found special: an answer from here, or a way to the target of its own.
function request.treat_specially(port)
    local context = contexts.current()
    if not context or not context.group then
        return answer.give(context and context.action or {}, port)
    end
    return ngx.exec(shared.is_retiring ~= 0 and "@last_of_connection" or "@events")
end

local function target_by_cookie(context, group)
    if group.stickiness_s == 0 then
        return nil
    end
    local cookie = context.cookie or sticky.read(state.current().secret)
    if cookie and cookie.target_until > ngx.time() and cookie.group == group.id then
        return group.by_id[cookie.target]
    end
    return nil
end

local function remember(context, group, target)
    local group_s = context.action.stickiness_s
    if group_s > 0 or group.stickiness_s > 0 then
        ngx.var.sticky =
            sticky.header(state.current().secret, group.id, group_s, target.id, group.stickiness_s)
    end
end

-- Count the request as the target's, and no longer as the one's it was tried at before.
local function count_at(context, target)
    if context.target then
        leave(context.target.slot)
    end
    enter(target.slot)
    context.target = target
    ngx.var.target = target.id
end

-- Another target, where the one that was tried first could not be reached.
local function next_target(context, group)
    choose.avoid(group, context.target.id)
    local place = figures.own.group[context.group.place]
    place.connection_errors = place.connection_errors + 1
    return choose.target(group)
end

local function first_target(context, group)
    if group.count > 1 then
        peers.set_more_tries(math.min(group.count, TRIES_MAX) - 1)
    end
    return target_by_cookie(context, group) or choose.target(group)
end

function request.balance()
    local context = contexts.current()
    -- As it is now: the state may have changed while the request's body came in.
    local group = state.current().groups[context.group.id]
    if not group or group.count == 0 then
        return ngx.exit(ngx.ERROR)
    end
    local find = context.target and next_target or first_target
    local target = find(context, group)
    remember(context, group, target)
    count_at(context, target)
    local ok, problem = peers.set_current_peer(target.ip, target.port)
    if not ok then
        ngx.log(ngx.ERR, "no connection to ", target.id, ": ", problem)
        return ngx.exit(ngx.ERROR)
    end
end

-- nginx takes what is no HTTP for an answer of HTTP/0.9, with this status, and would pass it on as it
-- is: without a head, so what stands here in its place is the whole of what the client gets.
local NOT_HTTP = 9
local BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    .. "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
local BAD_GATEWAY_ANSWER = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: "
    .. #BAD_GATEWAY
    .. "\r\nConnection: close\r\n\r\n"
    .. BAD_GATEWAY

function request.filter_body()
    if ngx.status ~= NOT_HTTP then
        return
    end
    local context = contexts.current()
    ngx.arg[1] = not context.is_refused and BAD_GATEWAY_ANSWER or nil
    context.is_refused = true
end

local LOG2_SCALE = 8 / math.log(2)

-- Which of the histogram's buckets a time falls into: eight to each doubling, from 0.1 ms on.
local function bucket(seconds)
    if seconds <= 1e-4 then
        return 0
    end
    return math.min(figures.BUCKETS - 1, math.ceil(LOG2_SCALE * math.log(seconds * 1e4)))
end

local function count_answer(place, status, seconds)
    place.requests = place.requests + 1
    if status < 300 then
        place.answered_2xx = place.answered_2xx + 1
    elseif status < 400 then
        place.answered_3xx = place.answered_3xx + 1
    elseif status < 500 then
        place.answered_4xx = place.answered_4xx + 1
    else
        place.answered_5xx = place.answered_5xx + 1
    end
    local b = bucket(seconds)
    place.bucket[b] = place.bucket[b] + 1
end

local function count_own(own, status)
    if status >= 500 then
        own.own_5xx = own.own_5xx + 1
    elseif status >= 400 then
        own.own_4xx = own.own_4xx + 1
    elseif status >= 300 then
        own.own_3xx = own.own_3xx + 1
    end
end

-- The last number of nginx's list of times, one a try; nil where the last try had no answer.
local function last_time(text)
    return text and (tonumber(text) or tonumber(text:match("([%d.]+)$")))
end

function request.finish()
    local own = figures.own
    local var = ngx.var
    own.requests = own.requests + 1
    own.sent_bytes = own.sent_bytes + tonumber(var.bytes_sent)
    own.received_bytes = own.received_bytes + tonumber(var.request_length)
    local context = contexts.take()
    local target = context and context.target
    if not target then
        count_own(own, ngx.status)
        return
    end
    leave(target.slot)
    local answered_s = last_time(var.upstream_header_time)
    if answered_s and not context.is_refused then
        count_answer(own.group[context.group.place], ngx.status, answered_s)
    else
        own.connection_errors = own.connection_errors + 1
        count_own(own, context.is_refused and 502 or ngx.status)
    end
end

return request
