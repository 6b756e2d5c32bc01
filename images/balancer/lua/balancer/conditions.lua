-- A rule's conditions, made into functions once, when the state is read.

local bit = require "bit"
local glob = require "balancer.glob"

local lower = string.lower

local conditions = {}

-- A function that says whether a text fits one of the patterns.
local function fits_one(patterns, folds_case)
    local plain, wild = {}, {}
    for _, pattern in ipairs(patterns) do
        if folds_case then
            pattern = lower(pattern)
        end
        if glob.is_plain(pattern) then
            plain[pattern] = true
        else
            wild[#wild + 1] = pattern
        end
    end
    return function(text)
        if folds_case then
            text = lower(text)
        end
        if plain[text] then
            return true
        end
        for i = 1, #wild do
            if glob.matches(wild[i], text) then
                return true
            end
        end
        return false
    end
end

local function header_condition(condition)
    local fits = fits_one(condition.values, true)
    local name = condition.name
    return function()
        local value = ngx.req.get_headers(0)[name]
        if type(value) ~= "table" then
            return value ~= nil and fits(value)
        end
        for i = 1, #value do
            if fits(value[i]) then
                return true
            end
        end
        return false
    end
end

local function pair_condition(pair)
    local fits_value = fits_one({ pair.value }, true)
    -- JSON's null is a value of its own here, and true.
    local fits_key = type(pair.key) == "string" and fits_one({ pair.key }, true)
    return function(key, value)
        if fits_key and not fits_key(key) then
            return false
        end
        return fits_value(value)
    end
end

local function query_condition(condition)
    local pairs_wanted = {}
    for i, pair in ipairs(condition.values) do
        pairs_wanted[i] = pair_condition(pair)
    end
    local function is_wanted(key, value)
        for i = 1, #pairs_wanted do
            -- A key without `=` has the value true.
            if pairs_wanted[i](key, value == true and "" or value) then
                return true
            end
        end
        return false
    end
    return function()
        for key, value in pairs(ngx.req.get_uri_args(0)) do
            local values = type(value) == "table" and value or { value }
            for i = 1, #values do
                if is_wanted(key, values[i]) then
                    return true
                end
            end
        end
        return false
    end
end

local function address_number(text)
    local a, b, c, d = text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    if not a then
        return nil
    end
    return bit.tobit(((a * 256 + b) * 256 + c) * 256 + d)
end

local function source_condition(condition)
    local ranges = {}
    for i, text in ipairs(condition.values) do
        local network, length = text:match("^([%d.]+)/(%d+)$")
        if not network then
            network, length = text, 32
        end
        length = tonumber(length)
        -- A shift by 32 is one by 0 here, so the empty mask is named.
        local mask = length == 0 and 0 or bit.lshift(-1, 32 - length)
        ranges[i] = { network = bit.band(address_number(network), mask), mask = mask }
    end
    return function()
        local address = address_number(ngx.var.remote_addr)
        for i = 1, #ranges do
            if address and bit.band(address, ranges[i].mask) == ranges[i].network then
                return true
            end
        end
        return false
    end
end

local makers = {
    path = function(condition)
        local fits = fits_one(condition.values, false)
        -- As the client sent it: AWS compares before anything is decoded.
        return function()
            return fits(ngx.var.request_uri:match("^[^?]*"))
        end
    end,
    host = function(condition)
        local fits = fits_one(condition.values, true)
        return function()
            return fits(ngx.var.host)
        end
    end,
    method = function(condition)
        local fits = fits_one(condition.values, false)
        return function()
            return fits(ngx.req.get_method())
        end
    end,
    header = header_condition,
    query = query_condition,
    ["source-ip"] = source_condition,
}

-- One function for all conditions of a rule: whether the present request meets each.
function conditions.compile(list)
    local made = {}
    for i, condition in ipairs(list) do
        made[i] = makers[condition.field](condition)
    end
    return function()
        for i = 1, #made do
            if not made[i]() then
                return false
            end
        end
        return true
    end
end

return conditions
