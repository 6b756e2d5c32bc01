-- A request's way: `route` says what becomes of it, `balance` names its target (and another, where
-- the first could not be reached), `finish` counts it. In this order, each in its phase of nginx.
--
-- Most listeners are plain: no rules, one group, no cookies (`state.plain_group`). What comes to such
-- a one needs no record of its own: what is known of it is the target that it is under way at.

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

-- AWS charges for rules that a request meets beyond these.
local FREE_RULES = 10

-- The action of the first rule that fits, or the listener's own, and the rule's id.
local function action_for(port)
    local now = state.current()
    local listener = now and now.listeners[port]
    if not listener then
        return nil
    end
    for i = 1, listener.rule_count do
        local rule = listener.rules[i]
        if i > FREE_RULES then
            figures.own.rule_evaluations = figures.own.rule_evaluations + 1
        end
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

-- Decide what is to become of the request: the action that applies, and the group it leads to.
local function decide(port)
    local context = contexts.begin()
    local action, rule_id = action_for(port)
    if not action then
        return context
    end
    context.action = action
    if rule_id then
        ngx.var.rule = rule_id
    end
    if action.type == "forward" then
        local group = group_for(action, context)
        context.group = group and group.count > 0 and group or nil
    end
    return context
end

-- What is to become of the request that has come to this port.
function request.route(port)
    if shared.is_retiring == 0 then
        if state.plain_group(port) or decide(port).group then
            return FORWARD
        end
    end
    return SPECIAL
end

-- What is no plain way to a target: an answer from here, or a way of the request's own.
function request.treat_specially(port)
    local context = contexts.current() or decide(port)
    if not context.group then
        return answer.give(context.action or {}, port)
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
        context.set_cookie =
            sticky.header(state.current().secret, group.id, group_s, target.id, group.stickiness_s)
    end
end

-- Another target, where the one that was tried first could not be reached.
local function next_target(tried, group)
    leave(tried.slot)
    choose.avoid(group, tried.id)
    local place = figures.own.group[tried.place]
    place.connection_errors = place.connection_errors + 1
    return choose.target(group)
end

local function allow_other_tries(group)
    if group.count > 1 then
        peers.set_more_tries(math.min(group.count, TRIES_MAX) - 1)
    end
end

-- Go to the target; `known` is what to know of the request from now on.
local function connect(target, known)
    enter(target.slot)
    contexts.ask(known, ngx.now())
    local ok, problem = peers.set_current_peer(target.ip, target.port)
    if not ok then
        ngx.log(ngx.ERR, "no connection to ", target.id, ": ", problem)
        return ngx.exit(ngx.ERROR)
    end
end

local function balance_plainly(port, tried)
    local group = state.plain_group_lately(port)
    if not group or group.count == 0 then
        return ngx.exit(ngx.ERROR)
    end
    if tried then
        local target = next_target(tried, group)
        return connect(target, target)
    end
    allow_other_tries(group)
    local target = choose.target(group)
    return connect(target, target)
end

local function balance_by(context)
    -- As it is now: the state may have changed while the request's body came in.
    local group = state.current().groups[context.group.id]
    if not group or group.count == 0 then
        return ngx.exit(ngx.ERROR)
    end
    local target
    if context.target then
        target = next_target(context.target, group)
    else
        allow_other_tries(group)
        target = target_by_cookie(context, group) or choose.target(group)
    end
    remember(context, group, target)
    context.target = target
    return connect(target, context)
end

-- Name the target of a request that has come to this port.
function request.balance(port)
    local known = contexts.current()
    if known and known.group then
        return balance_by(known)
    end
    return balance_plainly(port, known)
end

local function add_cookie(cookie)
    local set = ngx.header["Set-Cookie"] or {}
    if type(set) == "string" then
        set = { set }
    end
    set[#set + 1] = cookie
    ngx.header["Set-Cookie"] = set
end

-- nginx takes what is no HTTP for an answer of HTTP/0.9, with this status, and would pass it on.
local NOT_HTTP = 9
-- What our configuration takes for a sign to say so to the client, and no target's answer.
local REFUSED = 419

-- The head of an answer is there, a target's or our own.
function request.filter_header()
    local known = contexts.answered(ngx.now())
    if not known then
        return
    end
    if ngx.status == NOT_HTTP then
        contexts.refuse(known)
        return ngx.exit(REFUSED)
    end
    if known.set_cookie then
        add_cookie(known.set_cookie)
    end
end

local BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    .. "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
local BAD_GATEWAY_HEAD = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: "
    .. #BAD_GATEWAY
    .. "\r\nConnection: close\r\n\r\n"

-- Tell the client that what the target sent was no answer.
--
-- For nginx the client is now one of HTTP/0.9, to which it writes no head: the whole is written here.
function request.refuse_answer()
    ngx.status = ngx.HTTP_BAD_GATEWAY
    if ngx.var.server_protocol == "HTTP/2.0" then
        return ngx.exit(ngx.HTTP_BAD_GATEWAY)
    end
    local client = ngx.req.socket(true)
    local body = ngx.req.get_method() ~= "HEAD" and BAD_GATEWAY or ""
    client:send(BAD_GATEWAY_HEAD .. body)
    return ngx.exit(ngx.OK)
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

-- Whether the last target that was tried answered; of an error, nginx's own answer may tell.
local function was_answered(status)
    return status < 500 or (ngx.var.upstream_header_time or ""):find("%d$") ~= nil
end

function request.finish()
    local own = figures.own
    local var = ngx.var
    own.requests = own.requests + 1
    own.sent_bytes = own.sent_bytes + tonumber(var.bytes_sent)
    own.received_bytes = own.received_bytes + tonumber(var.request_length)
    local known, answer_s = contexts.take()
    local target = known and known.target
    if not target then
        count_own(own, ngx.status)
        return
    end
    leave(target.slot)
    if answer_s and was_answered(ngx.status) then
        count_answer(own.group[target.place], ngx.status, answer_s)
    else
        own.connection_errors = own.connection_errors + 1
        count_own(own, known.is_refused and 502 or ngx.status)
    end
end

return request
