-- The state that the agent has given: kept in a shared dictionary, read by each worker when it has
-- changed and made into what requests need.
--
-- A request looks at one number in shared memory to know whether it has changed. The number is
-- raised after the state is stored, so whoever begins once the agent has its answer obeys it.

local cjson = require "cjson.safe"
local conditions = require "balancer.conditions"
local figures = require "balancer.figures"

local shared = figures.shared
local dictionary = ngx.shared.state

local state = {}

local known_version = -1
local current
-- By port, the group that a listener led to when it was plain the last time.
local lately_plain = {}

local function prepare_group(id, group, earlier)
    group.id = id
    group.is_least_outstanding = group.algorithm == "least_outstanding_requests"
    group.count = #group.targets
    group.by_id = {}
    group.is_warming = false
    for i = 1, group.count do
        local target = group.targets[i]
        target.avoid_until = 0
        target.place = group.place
        -- A target stands for a request that is known by it alone, see request.lua.
        target.target = target
        -- What one worker has learnt of a target outlives a change elsewhere in the state.
        local before = earlier and earlier.by_id[target.id]
        if before then
            target.avoid_until = before.avoid_until
        end
        group.by_id[target.id] = target
        target.current_weight = 0
        if group.slow_start_s > 0 and ngx.now() < target.since + group.slow_start_s then
            group.is_warming = true
        end
    end
    -- Workers begin at different targets, or all their first requests would meet at one.
    group.cursor = earlier and earlier.cursor or math.random(0, 1023)
end

local function prepare_action(action, groups)
    if action.type ~= "forward" then
        return
    end
    local total = 0
    for _, weighted in ipairs(action.groups) do
        weighted.group = groups[weighted.id]
        weighted.current_weight = 0
        total = total + weighted.weight
    end
    action.total_weight = total
    action.only_group = #action.groups == 1 and action.groups[1].group or nil
end

-- The group that all of a listener's requests go to, whatever they are; nil where they differ.
local function plain_group_of(listener)
    local action = listener.action
    local group = action.type == "forward" and action.only_group
    local is_plain = group
        and listener.rule_count == 0
        and action.total_weight > 0
        and action.stickiness_s == 0
        and group.stickiness_s == 0
        and group.count > 0
    return is_plain and group or nil
end

local function prepare(decoded)
    for id, group in pairs(decoded.groups) do
        prepare_group(id, group, current and current.groups[id])
    end
    decoded.plain = {}
    for port, listener in pairs(decoded.listeners) do
        for _, rule in ipairs(listener.rules) do
            rule.fits = conditions.compile(rule.conditions)
            rule.action = rule.actions[1]
            prepare_action(rule.action, decoded.groups)
        end
        listener.rule_count = #listener.rules
        listener.action = listener.actions[1]
        prepare_action(listener.action, decoded.groups)
        local group = plain_group_of(listener)
        decoded.plain[port] = group
        lately_plain[port] = group and group.id or lately_plain[port]
    end
    return decoded
end

local function read_anew()
    local version = shared.version
    local decoded = cjson.decode(dictionary:get("snapshot") or "")
    if decoded then
        current = prepare(decoded)
    end
    known_version = version
end

-- The state of now, or nil before the agent has given one.
function state.current()
    if shared.version ~= known_version then
        read_anew()
    end
    return current
end

-- The group of a listener that needs no deciding, and has a target; nil where one must look closer.
function state.plain_group(port)
    local now = state.current()
    return now and now.plain[port]
end

-- The same for a request that was routed when the listener was still plain; its body took a while.
function state.plain_group_lately(port)
    local now = state.current()
    return now.plain[port] or now.groups[lately_plain[port]]
end

-- Give every target and group of a new state its place in the figures, and store it.
--
-- A place is kept for as long as its target has something in flight, whether the state still names
-- it or not. False where there are more targets or groups than places.
local function place(names, wanted, most, is_busy)
    for name, number in pairs(names) do
        if not wanted[name] and not is_busy(number) then
            names[name] = nil
        end
    end
    local taken = {}
    for _, number in pairs(names) do
        taken[number] = true
    end
    local next_free = 0
    for name in pairs(wanted) do
        if not names[name] then
            while taken[next_free] do
                next_free = next_free + 1
            end
            if next_free >= most then
                return false
            end
            names[name] = next_free
            taken[next_free] = true
        end
    end
    return true
end

function state.names()
    return cjson.decode(dictionary:get("slots") or "{}"), cjson.decode(dictionary:get("groups") or "{}")
end

function state.store(text)
    local decoded = cjson.decode(text)
    if type(decoded) ~= "table" or not decoded.groups or not decoded.listeners then
        return nil, "the state is not JSON, or not a state"
    end
    local slots, places = state.names()
    local targets, groups = {}, {}
    for id, group in pairs(decoded.groups) do
        groups[id] = group
        for _, target in ipairs(group.targets) do
            targets[target.id] = target
        end
    end
    local has_room = place(slots, targets, figures.SLOTS_MAX, function(slot)
        return figures.in_flight(slot) ~= 0
    end)
    -- A group's figures are never given to another: they are sums since the beginning.
    has_room = has_room and place(places, groups, figures.GROUPS_MAX, function()
        return true
    end)
    if not has_room then
        return nil, "more targets or groups than there is room for"
    end
    for id, group in pairs(decoded.groups) do
        group.place = places[id]
        for _, target in ipairs(group.targets) do
            target.slot = slots[target.id]
        end
    end
    for name, value in pairs({ slots = slots, groups = places, snapshot = decoded }) do
        local ok, problem = dictionary:set(name, cjson.encode(value))
        if not ok then
            return nil, problem
        end
    end
    shared.version = shared.version + 1
    return true
end

-- In the master, before there are workers: the state that lies in nginx's folder, if one does.
--
-- Clients may be waiting at the sockets that it inherits, and come before the agent has spoken.
function state.begin()
    local file = io.open(ngx.config.prefix() .. "state.json")
    if not file then
        return
    end
    local ok, problem = state.store(file:read("*a"))
    file:close()
    if not ok then
        ngx.log(ngx.ERR, "the state in the folder is not used: ", problem)
    end
end

return state
