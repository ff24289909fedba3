-- wrk at a fixed rate: each thread has one connection and sends its next request when it is due.
-- wrk waits in whole milliseconds; what a wait is too long is taken off the next, so the rate holds over time.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } moment; int clock_gettime(int clock, moment *found);")

local MONOTONIC = 1
local found = ffi.new("moment")
local interval, due

local function now_ms()
  ffi.C.clock_gettime(MONOTONIC, found)
  return tonumber(found.seconds) * 1e3 + tonumber(found.nanoseconds) / 1e6
end

function init(args)
  interval = 1e3 / tonumber(args[1])
end

function delay()
  local now = now_ms()
  due = (due or now) + interval
  return math.max(0, math.floor(due - now))
end

function done(summary, latency, requests)
  io.write(string.format("BENCH {\"requests\": %d, \"seconds\": %f, \"p50_ms\": %f, \"p99_ms\": %f}\n",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
