// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"pond/bench/go/pools"
)

// What one of a row's threads does, for so many pairs.
type work func(thread, pairs int)

type row struct {
	name    string
	does    work
	threads int
	batch   int // pairs come in multiples of it
}

// A core for each thread when there are as many; else the scheduler has its way, as in bench/cores.h. The thread
// ends with its goroutine, which never unlocks it.
func pin(thread, threads int) {
	var cores [16]uint64
	if threads != runtime.NumCPU() {
		return
	}
	runtime.LockOSThread()
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(cores), uintptr(unsafe.Pointer(&cores)))
	for core := 0; core < len(cores)*64; core++ {
		bit := uint64(1) << (core % 64)
		if cores[core/64]&bit != 0 {
			if thread == 0 {
				cores = [16]uint64{}
				cores[core/64] = bit
				break
			}
			thread--
		}
	}
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(cores), uintptr(unsafe.Pointer(&cores)))
}

// From the moment the last thread is ready until all have finished.
func (r row) run(pairs int) time.Duration {
	var ready, ended sync.WaitGroup
	ready.Add(r.threads)
	ended.Add(r.threads)
	begin := make(chan struct{})
	for thread := 0; thread < r.threads; thread++ {
		go func(thread int) {
			pin(thread, r.threads)
			ready.Done()
			<-begin
			r.does(thread, pairs)
			ended.Done()
		}(thread)
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	ended.Wait()
	return time.Since(start)
}

const (
	ringBatch   = 64
	ringBatches = 16
)

// The ring of bench/ring.h: one writer, one reader, whole batches.
type ring struct {
	filled  uint64
	_       [56]byte
	drained uint64
	_       [56]byte
	objs    [ringBatches][ringBatch]*pools.Object64
}

var handover ring

func waitUntil(ready func() bool) {
	for spins := 1; !ready(); spins++ {
		if spins%1024 == 0 {
			runtime.Gosched()
		}
	}
}

func (r *ring) fill(produce func() *pools.Object64) {
	at := r.filled
	waitUntil(func() bool { return at-atomic.LoadUint64(&r.drained) < ringBatches })
	batch := &r.objs[at%ringBatches]
	for i := range batch {
		batch[i] = produce()
	}
	atomic.StoreUint64(&r.filled, at+1)
}

func (r *ring) drain(consume func(*pools.Object64)) {
	at := r.drained
	waitUntil(func() bool { return atomic.LoadUint64(&r.filled) != at })
	for _, obj := range r.objs[at%ringBatches] {
		consume(obj)
	}
	atomic.StoreUint64(&r.drained, at+1)
}
