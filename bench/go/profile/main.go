// SPDX-License-Identifier: BSD-2-Clause

// What does sampling cost a get and put pair of Go's sync.Pool? As bench/profile/pairs.cc, with
// runtime.MemProfileRate as BENCH_MEMPROFILERATE says, 0 without. A pool allocates seldom, so there is next to
// nothing to sample; who keeps its objects is then not to be seen either.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"pond/bench/go/pools"
)

// Set before main, and before anything of ours is allocated.
var _ = func() int {
	rate, _ := strconv.Atoi(os.Getenv("BENCH_MEMPROFILERATE"))
	runtime.MemProfileRate = rate
	return rate
}()

func pair64(n int) {
	for ; n != 0; n-- {
		pools.Of64.Put(pools.Of64.Get())
	}
}

func pair1K(n int) {
	for ; n != 0; n-- {
		pools.Of1K.Put(pools.Of1K.Get())
	}
}

func burst(n int) {
	var objs [64]any
	for ; n >= len(objs); n -= len(objs) {
		for i := range objs {
			objs[i] = pools.Of64.Get()
		}
		for i := range objs {
			pools.Of64.Put(objs[len(objs)-1-i])
		}
	}
}

var rows = []struct {
	name string
	run  func(n int)
}{{"pair-64B", pair64}, {"pair-1KiB", pair1K}, {"burst-64", burst}}

// This thread's own time on a processor.
func nanoseconds() int64 {
	const clockThreadCPUTime = 3
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func timeAll(n int) {
	for _, r := range rows {
		r.run(n / 16)
		for i := 0; i < 3; i++ {
			start := nanoseconds()
			r.run(n)
			fmt.Printf("%s,%.4f\n", r.name, float64(nanoseconds()-start)/float64(n))
		}
	}
}

// 16 MiB are live when the samples are counted.
func prove() {
	live := make([]any, 16384)
	for i := range live {
		live[i] = pools.Of1K.Get()
	}
	if records, _ := runtime.MemProfile(nil, true); records == 0 && runtime.MemProfileRate > 0 {
		fmt.Println("nothing is sampled") // without this call the linker would leave sampling out
		os.Exit(1)
	}
	fmt.Printf("%s; MemProfileRate %d\n", pools.Proof(), runtime.MemProfileRate)
	runtime.KeepAlive(live)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: profile-go proof | time PAIRS | count ROW PAIRS")
	os.Exit(2)
}

func main() {
	runtime.LockOSThread()
	arguments := append(os.Args[1:], "", "", "")
	pairs, err := strconv.Atoi(arguments[len(os.Args)-2])
	switch arguments[0] {
	case "proof":
		prove()
		return
	case "time":
		if err == nil {
			timeAll(pairs)
			return
		}
	case "count":
		for _, r := range rows {
			if r.name == arguments[1] && err == nil {
				r.run(pairs)
				return
			}
		}
	}
	usage()
}
