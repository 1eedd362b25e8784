-- For wrk: asks for the paths of a list in turn, compressed, and sums up in one line that a script reads.
--     wrk -s requests.lua URL -- LIST

local requests = {}
local next_request = 0

function init(arguments)
    for path in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format("GET", "/" .. path, { ["Accept-Encoding"] = "gzip" })
    end
end

function request()
    next_request = next_request % #requests + 1
    return requests[next_request]
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format("summary rate=%.1f requests=%d p50=%.3f p99=%.3f errors=%d\n",
        summary.requests / summary.duration * 1e6, summary.requests,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
