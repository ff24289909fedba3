-- wrk at a fixed rate: each thread has one connection and sends its next request when it is due.
-- wrk waits in whole milliseconds; what a wait is too long is taken off the next, so the rate holds over time.
local interval, due

function init(args)
  interval = 1e6 / tonumber(args[1])
  due = nil
end

function delay()
  local now = wrk.time_us()
  due = (due or now) + interval
  return math.max(0, math.floor((due - now) / 1000))
end

function done(summary, latency, requests)
  io.write(string.format("BENCH {\"requests\": %d, \"seconds\": %f, \"p50_ms\": %f, \"p99_ms\": %f}\n",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
