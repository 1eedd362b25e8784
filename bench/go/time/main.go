// SPDX-License-Identifier: BSD-2-Clause

// How long does a get and put pair of Go's sync.Pool take? The rows of bench/time.cc, with the options and the
// JSON of Google Benchmark that bench/run uses.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"pond/bench/go/pools"
)

type figure struct {
	Name       string  `json:"name"`
	RunType    string  `json:"run_type"`
	Threads    int     `json:"threads"`
	Iterations int     `json:"iterations"`
	RealTime   float64 `json:"real_time"`
	CPUTime    float64 `json:"cpu_time"`
	TimeUnit   string  `json:"time_unit"`
}

type output struct {
	Context    map[string]any `json:"context"`
	Benchmarks []figure       `json:"benchmarks"`
}

func fail(status int, why any) {
	fmt.Fprintf(os.Stderr, "time-go: %v\n", why)
	os.Exit(status)
}

// Nanoseconds of all threads of this program.
func processorTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(1, err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// As many pairs as take at least that long, ten times as many at most at each try.
func measure(r row, least time.Duration) figure {
	for pairs := r.batch; ; {
		before := processorTime()
		past := r.run(pairs)
		all := float64(pairs * r.threads)
		if past >= least {
			return figure{Name: fmt.Sprintf("%s/manual_time/threads:%d", r.name, r.threads), RunType: "iteration",
				Threads: r.threads, Iterations: pairs * r.threads, RealTime: float64(past.Nanoseconds()) / all,
				CPUTime: float64(processorTime()-before) / all, TimeUnit: "ns"}
		}
		more := 10.0
		if past > least/10 {
			more = 1.4 * float64(least) / float64(past)
		}
		pairs = (int(float64(pairs)*more)/r.batch + 1) * r.batch
	}
}

func main() {
	least := flag.Float64("benchmark_min_time", 0.5, "seconds that each row takes at least")
	out := flag.String("benchmark_out", "", "the file to write")
	format := flag.String("benchmark_out_format", "json", "its format: json")
	filter := flag.String("benchmark_filter", ".", "the rows to measure")
	flag.Parse()
	chosen, err := regexp.Compile(*filter)
	if err != nil || flag.NArg() > 0 || *format != "json" || *least <= 0 {
		fail(2, "a filter that is no regular expression, a format that is not json, or an argument too many")
	}
	all := output{Context: map[string]any{"peer": pools.Proof(), "date": time.Now().Format(time.RFC3339),
		"num_cpus": runtime.NumCPU()}}
	for _, r := range rows() {
		if !chosen.MatchString(r.name) {
			continue
		}
		found := measure(r, time.Duration(*least*1e9))
		all.Benchmarks = append(all.Benchmarks, found)
		fmt.Printf("%-24s %10.2f ns %10.2f ns\n", r.name, found.RealTime, found.CPUTime)
	}
	if *out == "" {
		return
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = os.WriteFile(*out, append(text, '\n'), 0o644)
	}
	if err != nil {
		fail(1, err)
	}
}
