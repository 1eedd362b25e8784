-- SPDX-License-Identifier: BSD-2-Clause
-- The load of run: listings of directories in turn, each on a connection of its own.
local n = 0
request = function()
    n = n % 20 + 1
    return wrk.format("GET", "/" .. n .. "/", { ["Connection"] = "close" })
end
