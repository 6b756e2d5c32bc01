-- What every worker of one nginx counts, in memory that they share and that nobody locks.
--
-- The master maps the memory before it forks; each worker then writes to a row of its own alone,
-- and anyone may add the rows up. A number is one aligned machine word, so a reader never sees half
-- of one. A worker that dies takes what it had in flight with it: the one that is born in its place
-- begins with none. Numbers are doubles: whole ones are exact up to 2^53, and Lua has no others.

local ffi = require "ffi"

local WORKERS_MAX = 128
local SLOTS_MAX = 4096
local GROUPS_MAX = 256
local BUCKETS = 128

ffi.cdef [[
typedef struct {
    double requests, answered_2xx, answered_3xx, answered_4xx, answered_5xx, connection_errors;
    double bucket[128];
} minicloud_group_figures;

typedef struct {
    double requests, own_3xx, own_4xx, own_5xx, connection_errors, sent_bytes, received_bytes,
        rule_evaluations;
    minicloud_group_figures group[256];
    int32_t in_flight[4096];
} minicloud_row;

typedef struct {
    volatile double version;
    volatile double is_retiring;
    minicloud_row row[128];
} minicloud_figures;

void *mmap(void *addr, size_t length, int prot, int flags, int fd, long offset);
]]

local PROT_READ_WRITE = 3
local MAP_SHARED_ANONYMOUS = 0x21

local figures = { SLOTS_MAX = SLOTS_MAX, GROUPS_MAX = GROUPS_MAX, BUCKETS = BUCKETS }

local size = ffi.sizeof("minicloud_figures")
-- Pages that nobody writes to take no memory, so the rows of workers that are not there are free.
local address = ffi.C.mmap(nil, size, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0)
if ffi.cast("intptr_t", address) == -1 then
    error("no memory for the figures")
end
local shared = ffi.cast("minicloud_figures *", address)
figures.shared = shared

local own

-- Take this worker's row; what a dead worker had in flight in it is in flight no more.
function figures.begin_worker()
    local id = ngx.worker.id()
    if id >= WORKERS_MAX then
        error("more workers than there are rows")
    end
    own = shared.row[id]
    ffi.fill(own.in_flight, ffi.sizeof(own.in_flight))
    figures.own = own
end

function figures.enter(slot)
    own.in_flight[slot] = own.in_flight[slot] + 1
end

function figures.leave(slot)
    own.in_flight[slot] = own.in_flight[slot] - 1
end

function figures.in_flight(slot)
    local sum = 0
    for worker = 0, ngx.worker.count() - 1 do
        sum = sum + shared.row[worker].in_flight[slot]
    end
    return sum
end

return figures
