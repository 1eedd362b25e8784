# SPDX-License-Identifier: BSD-2-Clause
# knee-found.csv in words: one paragraph for each kind of pool.
BEGIN { FS = "," }
NR == 1 { next }
!($1 in seen) { seen[$1] = 1; kinds[++count] = $1 }
{ value[$1, $2] = $3; low[$1, $2] = $4; high[$1, $2] = $5 }

function v(what) { return value[kind, what] }

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
        return sprintf("it does not %s with the pool size more than noise does (p = %.3f)",
                       prefix == "knee" ? "rise" : "change", v(prefix "_p_flat"))
    if (v(prefix "_verdict") == "straight")
        return sprintf("a straight line explains it as well (p = %.3f)", v(prefix "_p_straight"))
    return sprintf("only %.0f%% of the resamples have one", v(prefix "_found_share") * 100)
}

function tell_knee()
{
    printf "From the smallest pool to the largest QPS goes from %.2f to %.2f million a second and is best "\
           "at %d (%.2f million). ",
           v("qps_at_least_size") / 1e6, v("qps_at_most_size") / 1e6,
           v("best_size"), v("best_qps") / 1e6
    if (v("knee_verdict") != "found") {
        printf "QPS has no knee: %s. ", why_not("knee")
        return
    }
    printf "**The knee of QPS is at a pool size of %s**, with %s %% of the resident memory "\
           "not live and %s allocations a second, at %s million QPS. ",
           with_interval("knee_size", 1, 0), with_interval("knee_fragmentation", 100, 1),
           with_interval("knee_allocations_per_s", 1, 0), with_interval("knee_qps", 1e-6, 2)
}

function tell_fall()
{
    if (low[kind, "fall_to_largest"] > 0)
        printf "**Beyond its best size QPS falls again**: the largest has %s %% less. ",
               with_interval("fall_to_largest", 100, 1)
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

function tell_own()
{
    if (v("own_qps_of_best") == "")
        return
    printf "Left to itself (size 0) it has %s %% of the QPS of the best fixed size, "\
           "and its fragmentation differs from that one's by %s points: %s. ",
           with_interval("own_qps_of_best", 100, 1), with_interval("own_fragmentation_more", 100, 1), aim()
}

# Within 5%, and no more: what the interval allows to say.
function aim()
{
    if (low[kind, "own_qps_of_best"] >= 0.95 && high[kind, "own_fragmentation_more"] <= 0)
        return "nobody needs to pick a size"
    if (v("own_qps_of_best") >= 0.95 && low[kind, "own_fragmentation_more"] <= 0)
        return "within 5% and no more fragmentation, as far as this run can tell"
    return "not within 5% at no more fragmentation"
}

END {
    for (i = 1; i <= count; i++) {
        kind = kinds[i]
        printf "**%s.** %d sizes, %d repetitions each. ", kind, v("sizes"), v("repetitions")
        tell_knee()
        tell_fall()
        tell_break()
        tell_own()
        print "\n"
    }
    print "In parentheses: 2.5 and 97.5 percentiles of 1,000 resamples of the repetitions."
}
