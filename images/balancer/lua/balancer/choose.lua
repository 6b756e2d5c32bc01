-- Which target is next: round robin, least outstanding requests, slow start, weighted groups.
--
-- Each worker goes round for itself. A target that could lately not be connected to is passed over
-- while there is another; its state is the health checks' affair alone.

local figures = require "balancer.figures"

local in_flight = figures.in_flight

local choose = {}

local AVOID_S = 2
-- What a target that has just become healthy gets at the least, of its full share.
local WARMING_LEAST = 0.02

-- nginx's own smooth weighted round robin: over any stretch each gets its share, evenly spread.
local function smoothly(entries, total, weight_of, argument)
    local best
    for i = 1, #entries do
        local entry = entries[i]
        local weight = weight_of(entry, argument)
        if weight > 0 then
            entry.current_weight = entry.current_weight + weight
            if not best or entry.current_weight > best.current_weight then
                best = entry
            end
        end
    end
    if best then
        best.current_weight = best.current_weight - total
    end
    return best
end

local function weight_of_group(weighted)
    return weighted.weight
end

-- The group that a forward action sends the present request to; nil where all weigh nothing.
function choose.group(action)
    if action.only_group then
        return action.total_weight > 0 and action.only_group or nil
    end
    local weighted = smoothly(action.groups, action.total_weight, weight_of_group)
    return weighted and weighted.group
end

local function by_turns(group, now)
    local targets, count = group.targets, group.count
    local cursor = group.cursor
    for _ = 1, count do
        cursor = cursor % count + 1
        local target = targets[cursor]
        if target.avoid_until <= now then
            group.cursor = cursor
            return target
        end
    end
    group.cursor = group.cursor % count + 1
    return targets[group.cursor]
end

local function least_outstanding(group, now)
    local targets, count = group.targets, group.count
    local cursor = group.cursor % count + 1
    group.cursor = cursor
    local best, best_load
    for i = 0, count - 1 do
        -- Begun where the last one ended, so that equals take turns.
        local target = targets[(cursor + i - 1) % count + 1]
        local load = in_flight(target.slot)
        if target.avoid_until > now then
            load = load + 1e9
        end
        if not best_load or load < best_load then
            best, best_load = target, load
        end
    end
    return best
end

local function warming_weight(target, moment)
    if target.avoid_until > moment.now then
        return 0
    end
    local share = (moment.now - target.since) / moment.slow_start_s
    return share >= 1 and 1 or math.max(share, WARMING_LEAST)
end

local function while_warming(group, now)
    local moment = { now = now, slow_start_s = group.slow_start_s }
    local total = 0
    group.is_warming = false
    for i = 1, group.count do
        local weight = warming_weight(group.targets[i], moment)
        group.is_warming = group.is_warming or weight < 1
        total = total + weight
    end
    return smoothly(group.targets, total, warming_weight, moment) or by_turns(group, now)
end

-- A target of the group for the present request, or nil where it has none that may get any.
function choose.target(group)
    if group.count == 0 then
        return nil
    end
    local now = ngx.now()
    if group.is_warming then
        return while_warming(group, now)
    end
    if group.is_least_outstanding then
        return least_outstanding(group, now)
    end
    return by_turns(group, now)
end

-- Pass over a target of the group for a while: it could not be connected to just now.
function choose.avoid(group, target_id)
    local target = group.by_id[target_id]
    if target then
        target.avoid_until = ngx.now() + AVOID_S
    end
end

return choose
