// SPDX-License-Identifier: BSD-2-Clause

// How much memory stays resident for each byte that is live? The cases of bench/memory.cc, for objects that Go's
// sync.Pool keeps. A tick is a collection: at the second one the pool lets go of what nobody got in between.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"pond/bench/go/pools"
)

func fail(status int, why any) {
	fmt.Fprintf(os.Stderr, "memory-go: %v\n", why)
	os.Exit(status)
}

// The number of KiB behind `label` in a file of /proc, in bytes.
func bytesIn(path, label string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		fail(1, err)
	}
	_, behind, found := strings.Cut(string(text), label)
	fields := strings.Fields(behind)
	if !found || len(fields) == 0 {
		fail(1, path+" has no "+label)
	}
	kib, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		fail(1, err)
	}
	return kib * 1024
}

func resident() uint64 {
	return bytesIn("/proc/self/smaps_rollup", "Rss:")
}

func peak() uint64 {
	if most := bytesIn("/proc/self/status", "VmHWM:"); most > resident() {
		return most
	}
	return resident()
}

type plan struct {
	name   string
	random bool
	count  int
	idle   time.Duration
}

// Of the pool that has objects of type T.
func run[T any](p plan, pool *sync.Pool) {
	objs := make([]*T, p.count)
	for i := range objs { // each page of the array is written before anything is measured
		objs[i] = nil
	}
	before := resident()
	report := func(when string, live int, bytes uint64) {
		var obj T
		fmt.Printf("%s,%s,%d,%d\n", p.name, when, live*int(unsafe.Sizeof(obj)), bytes-before)
	}
	for i := range objs {
		objs[i] = pool.Get().(*T)
		fillWithOnes(objs[i])
	}
	report("all got", p.count, peak())
	live := putMostBack(p, objs, pool)
	report("90% put back", live, resident())
	runtime.GC()
	idle(p.idle, pool)
	runtime.GC()
	report("two ticks later", live, resident())
	debug.FreeOSMemory()
	report("purge called", live, resident())
	runtime.KeepAlive(objs)
}

func fillWithOnes[T any](obj *T) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(obj)), unsafe.Sizeof(*obj))
	for i := range bytes {
		bytes[i] = 1
	}
}

// Puts nine of ten back, at random or the first 900 of each 1,000 in order of their get, and forgets them.
func putMostBack[T any](p plan, objs []*T, pool *sync.Pool) (live int) {
	if p.random {
		rand.New(rand.NewSource(1)).Shuffle(len(objs), func(i, j int) { objs[i], objs[j] = objs[j], objs[i] })
	}
	for i, obj := range objs {
		if (p.random && i < len(objs)/10*9) || (!p.random && i%1000 < 900) {
			pool.Put(obj)
			objs[i] = nil
		} else {
			live++
		}
	}
	return live
}

// A time of a server that has almost nothing to do.
func idle(long time.Duration, pool *sync.Pool) {
	for past := time.Duration(0); past < long; past += 10 * time.Millisecond {
		time.Sleep(10 * time.Millisecond)
		for i := 0; i < 100; i++ {
			pool.Put(pool.Get())
		}
	}
}

// The number in an environment variable, or what it is without one.
func numberOf(variable string, without int) int {
	text := os.Getenv(variable)
	if text == "" {
		return without
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > 100000000 {
		fail(2, variable+" is a number from 1 to 100000000, not '"+text+"'")
	}
	return number
}

// A million; where the collector would not have room for as much again, fewer.
func objectsOf(size int) int {
	const many, few = 1000000, 200000
	if uint64(many*size)*5/2 < bytesIn("/proc/meminfo", "MemAvailable:") {
		return many
	}
	fmt.Fprintf(os.Stderr, "memory-go: %d objects of %d bytes instead of %d, for want of memory\n", few, size, many)
	return few
}

func main() {
	if len(os.Args) != 2 {
		fail(2, "needs one argument: {64B,1KiB,4KiB}-{random,runs}")
	}
	p := plan{name: os.Args[1], idle: time.Duration(numberOf("BENCH_IDLE_MS", 1000)) * time.Millisecond}
	size, order, _ := strings.Cut(p.name, "-")
	sizes := map[string]int{"64B": 64, "1KiB": 1024, "4KiB": 4096}
	if sizes[size] == 0 || (order != "random" && order != "runs") {
		fail(2, "there is no case '"+p.name+"': {64B,1KiB,4KiB}-{random,runs}")
	}
	p.random = order == "random"
	if p.count = numberOf("BENCH_MEMORY_OBJECTS", 0); p.count == 0 {
		p.count = objectsOf(sizes[size])
	}
	switch size {
	case "64B":
		run[pools.Object64](p, &pools.Of64)
	case "1KiB":
		run[pools.Object1K](p, &pools.Of1K)
	case "4KiB":
		run[pools.Object4K](p, &pools.Of4K)
	}
}
