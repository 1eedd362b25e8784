// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"math/rand"
	"sync"

	"pond/bench/go/pools"
)

// What is between a get and its put.
type use bool

const (
	none    use = false
	written use = true
)

func pair64(u use) work {
	return func(_, pairs int) {
		for i := 0; i < pairs; i++ {
			obj := pools.Of64.Get().(*pools.Object64)
			if u {
				obj.First = 1
			}
			pools.Of64.Put(obj)
		}
	}
}

func pairReset(_, pairs int) {
	for i := 0; i < pairs; i++ {
		obj := pools.Of64.Get().(*pools.Object64)
		obj.Reset()
		pools.Of64.Put(obj)
	}
}

func pair1K(_, pairs int) {
	for i := 0; i < pairs; i++ {
		pools.Of1K.Put(pools.Of1K.Get().(*pools.Object1K))
	}
}

// Gets n objects, then puts them back: the first got first (fifo), or the last.
func burst(n int, fifo bool, u use) work {
	return func(_, pairs int) {
		objs := make([]*pools.Object64, n)
		for ; pairs > 0; pairs -= n {
			for i := range objs {
				objs[i] = pools.Of64.Get().(*pools.Object64)
				if u {
					objs[i].First = 1
				}
			}
			for i := range objs {
				if fifo {
					pools.Of64.Put(objs[i])
				} else {
					pools.Of64.Put(objs[n-1-i])
				}
			}
		}
	}
}

const (
	live       = 1024
	generation = 10000
)

var places = func() (made [1 << 16]uint16) {
	random := rand.New(rand.NewSource(1))
	for i := range made {
		made[i] = uint16(random.Intn(live))
	}
	return made
}()

// A working set, of which one object at a random place after the other is replaced.
type workingSet struct {
	objs [live]*pools.Object64
	step int
}

func newSet() *workingSet {
	set := new(workingSet)
	for i := range set.objs {
		set.objs[i] = pools.Of64.Get().(*pools.Object64)
	}
	return set
}

func (set *workingSet) end() {
	for _, obj := range set.objs {
		pools.Of64.Put(obj)
	}
}

func (set *workingSet) replace(times int, u use) {
	for i := 0; i < times; i++ {
		place := &set.objs[places[set.step%len(places)]]
		set.step++
		old := *place
		*place = pools.Of64.Get().(*pools.Object64)
		if u {
			(*place).First = 1
		}
		pools.Of64.Put(old)
	}
}

func replace(u use) work {
	return func(_, pairs int) {
		set := newSet()
		set.replace(pairs, u)
		set.end()
	}
}

// A working set outlives its goroutines, which are what works in a Go server.
func larson(_, pairs int) {
	set := newSet()
	for ; pairs > 0; pairs -= generation {
		var ended sync.WaitGroup
		ended.Add(1)
		go func() {
			set.replace(generation, written)
			ended.Done()
		}()
		ended.Wait()
	}
	set.end()
}

func constructed(_, pairs int) {
	var objs [64]*pools.Constructed
	for ; pairs > 0; pairs -= len(objs) {
		for i := range objs {
			objs[i] = pools.OfConstructed.Get().(*pools.Constructed)
			objs[i].First = 1
		}
		for i := range objs {
			pools.OfConstructed.Put(objs[len(objs)-1-i])
		}
	}
}

func constructOnly(_, pairs int) {
	obj := new(pools.Constructed)
	for i := 0; i < pairs; i++ {
		obj.Construct()
	}
}

func handedOver(thread, pairs int) {
	for ; pairs > 0; pairs -= ringBatch {
		if thread == 0 {
			handover.fill(func() *pools.Object64 {
				obj := pools.Of64.Get().(*pools.Object64)
				obj.First = 1
				return obj
			})
		} else {
			handover.drain(func(obj *pools.Object64) {
				obj.First = 1
				pools.Of64.Put(obj)
			})
		}
	}
}

var still [ringBatch * ringBatches]pools.Object64

func handoverOnly(thread, pairs int) {
	next := 0
	for ; pairs > 0; pairs -= ringBatch {
		if thread == 0 {
			handover.fill(func() *pools.Object64 {
				obj := &still[next%len(still)]
				next++
				obj.First = 1
				return obj
			})
		} else {
			handover.drain(func(obj *pools.Object64) { obj.First = 1 })
		}
	}
}

func bursts() (all []row) {
	for _, order := range []string{"fifo", "lifo"} {
		for _, n := range []int{8, 64, 512, 4096} {
			all = append(all, row{fmt.Sprintf("burst-%s-%d", order, n), burst(n, order == "fifo", none), 1, n})
		}
	}
	return all
}

func rows() []row {
	all := []row{
		{"pair-64B", pair64(none), 1, 1}, {"pair-64B-2-threads", pair64(none), 2, 1},
		{"pair-64B-8-threads", pair64(none), 8, 1}, {"pair-1KiB", pair1K, 1, 1},
		{"pair-1KiB-2-threads", pair1K, 2, 1}}
	all = append(all, bursts()...)
	return append(all, []row{
		{"replace-1024", replace(none), 1, 1}, {"replace-1024-8-threads", replace(none), 8, 1},
		{"used-pair-64B", pair64(written), 1, 1}, {"used-burst-lifo-64", burst(64, false, written), 1, 64},
		{"used-burst-lifo-512", burst(512, false, written), 1, 512}, {"used-replace-1024", replace(written), 1, 1},
		{"reset-64B", pairReset, 1, 1}, {"constructed", constructed, 1, 64}, {"construct-only", constructOnly, 1, 1},
		{"larson", larson, 2, generation}, {"handed-over", handedOver, 2, ringBatch},
		{"handover-only", handoverOnly, 2, ringBatch}}...)
}
