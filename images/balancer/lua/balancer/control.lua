-- The agent's side door: a unix socket that nobody outside the container can reach.

local cjson = require "cjson.safe"
local ffi = require "ffi"
local figures = require "balancer.figures"
local state = require "balancer.state"

-- nginx's own count of the connections that it took, of all workers; what `stub_status` shows.
ffi.cdef [[
extern volatile unsigned long *ngx_stat_handled;
]]

local shared = figures.shared
local dictionary = ngx.shared.state
local OWN_CONNECTIONS = "own_connections"

local control = {}

local function refuse(status, problem)
    ngx.status = status
    ngx.say(problem)
    return ngx.exit(status)
end

-- The agent opens a connection for each thing that it says: they are no client's.
local function count_own_connection()
    return dictionary:incr(OWN_CONNECTIONS, 1, 0)
end

local function client_connections()
    return tonumber(ffi.C.ngx_stat_handled[0]) - (dictionary:get(OWN_CONNECTIONS) or 0)
end

-- POST /state
function control.store_state()
    count_own_connection()
    ngx.req.read_body()
    local ok, problem = state.store(ngx.req.get_body_data() or "")
    if not ok then
        return refuse(400, problem)
    end
    return ngx.exit(ngx.HTTP_NO_CONTENT)
end

-- POST /retire
function control.retire()
    count_own_connection()
    shared.is_retiring = 1
    return ngx.exit(ngx.HTTP_NO_CONTENT)
end

local function sum(field)
    local total = 0
    for worker = 0, ngx.worker.count() - 1 do
        total = total + shared.row[worker][field]
    end
    return total
end

local function group_figures(counters, id, place)
    local fields = {
        requests = "requests",
        answered_2xx = "2xx",
        answered_3xx = "3xx",
        answered_4xx = "4xx",
        answered_5xx = "5xx",
        connection_errors = "connection_errors",
    }
    for worker = 0, ngx.worker.count() - 1 do
        local row = shared.row[worker].group[place]
        for field, name in pairs(fields) do
            local key = id .. "|" .. name
            counters[key] = (counters[key] or 0) + row[field]
        end
        for i = 0, figures.BUCKETS - 1 do
            if row.bucket[i] ~= 0 then
                local key = id .. "|t" .. i
                counters[key] = (counters[key] or 0) + row.bucket[i]
            end
        end
    end
end

-- GET /counters
function control.tell_counters()
    count_own_connection()
    local slots, places = state.names()
    local in_flight = {}
    for id, slot in pairs(slots) do
        in_flight[id] = figures.in_flight(slot)
    end
    local counters = {
        requests = sum("requests"),
        new_connections = client_connections(),
        balancer_3xx = sum("own_3xx"),
        balancer_4xx = sum("own_4xx"),
        balancer_5xx = sum("own_5xx"),
        connections_refused = sum("connection_errors"),
        sent_bytes = sum("sent_bytes"),
        received_bytes = sum("received_bytes"),
        rule_evaluations = sum("rule_evaluations"),
    }
    for id, place in pairs(places) do
        group_figures(counters, id, place)
    end
    ngx.header["Content-Type"] = "application/json"
    ngx.print(cjson.encode({
        in_flight = in_flight,
        connections = {
            active = tonumber(ngx.var.connections_active),
            waiting = tonumber(ngx.var.connections_waiting),
        },
        counters = counters,
    }))
end

return control
