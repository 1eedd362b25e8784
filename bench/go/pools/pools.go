// SPDX-License-Identifier: BSD-2-Clause

// Package pools is the peer: Go's sync.Pool, one for each type of object, as its users write it.
package pools

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// An object's first word is its user's.
type Object64 struct {
	First, Second, Third uint64
	rest                 [40]byte
}

// Reset does what reset_fields of bench/peers/common/construct.h does.
//
//go:noinline
func (o *Object64) Reset() {
	o.First, o.Second, o.Third = 0, 0, 1
}

type Object1K struct {
	First uint64
	rest  [1016]byte
}

type Object4K struct {
	First uint64
	rest  [4088]byte
}

// The object that costs something to construct; see bench/peers/common/construct.h.
type Constructed struct {
	First uint64
	table [256]uint32
}

var made uint64 // by Of64

var (
	Of64 = sync.Pool{New: func() any { atomic.AddUint64(&made, 1); return new(Object64) }}
	Of1K = sync.Pool{New: func() any { return new(Object1K) }}
	Of4K = sync.Pool{New: func() any { return new(Object4K) }}

	OfConstructed = sync.Pool{New: func() any { c := new(Constructed); c.Construct(); return c }}
)

// Construct makes a permutation of 256 numbers, each step of which waits for the one before.
func (c *Constructed) Construct() {
	for i := range c.table {
		c.table[i] = uint32(i)
	}
	random := uint32(0)
	for i := 0; i < 384; i++ {
		entry := &c.table[i%256]
		other := &c.table[(random*1664525+1013904223+*entry)>>24]
		random = random*1664525 + 1013904223 + *entry
		*entry, *other = *other, *entry
	}
}

// Proof says what runs, and that the pool serves who has put.
func Proof() string {
	const pairs = 1000
	Of64.Put(Of64.Get())
	before := atomic.LoadUint64(&made)
	for i := 0; i < pairs; i++ {
		Of64.Put(Of64.Get())
	}
	return fmt.Sprintf("%s, sync.Pool, New was called %d times for %d pairs",
		runtime.Version(), atomic.LoadUint64(&made)-before, pairs)
}
