# SPDX-License-Identifier: BSD-2-Clause
# knee-found.csv in words: one paragraph for each kind of pool. `option`, where it is given, is what the sizes are, and
# there is one kind, a program's own ponds.
BEGIN { FS = "," }
NR == 1 { next }
!($1 in seen) { seen[$1] = 1; kinds[++count] = $1 }
{ value[$1, $2] = $3; low[$1, $2] = $4; high[$1, $2] = $5 }

function v(what) { return value[kind, what] }

# Of the loads here millions a second; a server of one's own may have a thousand.
function unit()
{
    return option == "" || v("best_qps") >= 1e6 ? 1e-6 : 1
}

function a_second(    u)
{
    u = unit()
    return u < 1 ? " million" : ""
}

function places(    u)
{
    u = unit()
    return u < 1 || v("best_qps") < 100 ? 2 : 0
}

function qps(what)
{
    return sprintf("%." places() "f", v(what) * unit())
}

# With its interval; scaled, and with so many digits behind the point.
function with_interval(what, scale, digits, format)
{
    format = "%." digits "f"
    if (low[kind, what] == "")
        return sprintf(format, v(what) * scale)
    return sprintf(format " (" format " to " format ")",
                   v(what) * scale, low[kind, what] * scale, high[kind, what] * scale)
}

function why_not(prefix)
{
    if (v(prefix "_verdict") == "flat")
        return sprintf("it does not %s with %s more than noise does (p = %.3f)",
                       prefix == "knee" ? "rise" : "change", option == "" ? "the pool size" : option, v(prefix "_p_flat"))
    if (v(prefix "_verdict") == "straight")
        return sprintf("a straight line explains it as well (p = %.3f)", v(prefix "_p_straight"))
    return sprintf("only %.0f%% of the resamples have one", v(prefix "_found_share") * 100)
}

function tell_knee()
{
    printf "From the smallest %s to the largest QPS goes from %s to %s%s a second and is best at %d (%s%s). ",
           option == "" ? "pool" : option, qps("qps_at_least_size"), qps("qps_at_most_size"), a_second(),
           v("best_size"), qps("best_qps"), a_second()
    if (v("knee_verdict") != "found") {
        printf "QPS has no knee: %s. ", why_not("knee")
        return
    }
    printf "**The knee of QPS is at a%s of %s**, with %s %% of the resident memory "\
           "not live and %s allocations a second, at %s%s QPS. ",
           option == "" ? " pool size" : " value of " option, with_interval("knee_size", 1, 0),
           with_interval("knee_fragmentation", 100, 1), with_interval("knee_allocations_per_s", 1, 0),
           with_interval("knee_qps", unit(), places()), a_second()
}

function tell_fall()
{
    if (low[kind, "fall_to_largest"] > 0 && v("fall_p") <= 0.05)
        printf "**Beyond its best size QPS falls again**: the largest has %s %% less (p = %.3f). ",
               with_interval("fall_to_largest", 100, 1), v("fall_p")
    else
        printf "Beyond its best size QPS does not fall more than noise does. "
}

function tell_break()
{
    printf "Fragmentation goes from %.1f%% to %.1f%%. ",
           v("fragmentation_at_least_size") * 100, v("fragmentation_at_most_size") * 100
    if (v("break_verdict") != "found") {
        printf "It has no break: %s. ", why_not("break")
        return
    }
    printf "It breaks at %s: %+.2f points for each 100 objects before, %+.2f after. ",
           with_interval("break_size", 1, 0), v("break_slope_before") * 1e4, v("break_slope_after") * 1e4
}

# Of a server, which has more memory than its ponds.
function tell_memory()
{
    if (v("resident_at_least_size") != "")
        printf "The server's resident memory goes from %.1f to %.1f MiB; at the best size it is %.1f. ",
               v("resident_at_least_size") / 1048576, v("resident_at_most_size") / 1048576,
               v("best_resident") / 1048576
}

function tell_own()
{
    if (v("own_qps_of_best") == "")
        return
    printf "%s it has %s %% of the QPS of the best fixed size, "\
           "and its fragmentation differs from that one's by %s points: %s. ",
           option == "" ? "Left to itself (size 0)" : "With the value that it has by itself",
           with_interval("own_qps_of_best", 100, 1), with_interval("own_fragmentation_more", 100, 1), aim()
}

# Within 5%, and no more: what the interval allows to say.
function aim()
{
    if (low[kind, "own_qps_of_best"] >= 0.95 && high[kind, "own_fragmentation_more"] <= 0)
        return "nobody needs to pick a size"
    if (v("own_qps_of_best") >= 0.95 && low[kind, "own_fragmentation_more"] <= 0)
        return "within 5% and no more fragmentation, as far as this run can tell"
    if (high[kind, "own_qps_of_best"] >= 0.95 && low[kind, "own_fragmentation_more"] <= 0)
        return "whether that is within 5%, this run is too noisy to tell"
    return "not within 5% at no more fragmentation"
}

END {
    for (i = 1; i <= count; i++) {
        kind = kinds[i]
        printf "**%s.** %d sizes, %d repetitions each. ", kind, v("sizes"), v("repetitions")
        tell_knee()
        tell_fall()
        tell_break()
        tell_memory()
        tell_own()
        print "\n"
    }
    print "In parentheses: 2.5 and 97.5 percentiles of 1,000 resamples of the repetitions."
}
