package access

import (
	"encoding/binary"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"
)

func TestLoginGuard(t *testing.T) {
	g := newLoginGuard(100)
	begin := time.Now()
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	type want struct {
		wait time.Duration
		last bool
	}
	try := func(client netip.Prefix, right bool, after time.Duration, w want) {
		t.Helper()
		if wait, last := g.judge(client, right, begin.Add(after)); wait != w.wait || last != w.last {
			t.Errorf("after %v: wait %v, last %v, want %+v", after, wait, last, w)
		}
	}
	for i := range maxLoginFailures - 1 {
		try(a, false, time.Duration(i)*time.Second, want{})
		try(a, true, time.Duration(i)*time.Second, want{}) // neither counts nor resets
	}
	try(a, false, 30*time.Second, want{last: true})
	try(a, false, 31*time.Second, want{wait: 29 * time.Second})
	try(a, true, 40*time.Second, want{wait: 20 * time.Second})
	try(b, false, 40*time.Second, want{})
	try(a, true, loginWindow, want{})
	try(a, false, loginWindow, want{})
	if f, r := g.failures.Load(), g.refused.Load(); f != maxLoginFailures+2 || r != 2 {
		t.Errorf("%d failures, %d refused", f, r)
	}
}

// TestLoginGuardIsBounded: many addresses neither fill the memory nor push a
// refused one out.
func TestLoginGuardIsBounded(t *testing.T) {
	g := newLoginGuard(64)
	now := time.Now()
	guesser := netip.MustParsePrefix("192.0.2.1/32")
	for range maxLoginFailures {
		g.judge(guesser, false, now)
	}
	for i := range uint32(5000) {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], 10<<24+i)
		g.judge(netip.PrefixFrom(netip.AddrFrom4(ip), 32), false, now)
	}
	if len(g.m) > 64 {
		t.Errorf("%d addresses are remembered", len(g.m))
	}
	if wait, _ := g.judge(guesser, true, now); wait == 0 {
		t.Error("the guesser has been forgotten")
	}
}

// TestGuessingAtOnce: attempts made at the same time do not get past the limit.
func TestGuessingAtOnce(t *testing.T) {
	g := newLoginGuard(8)
	client := netip.MustParsePrefix("2001:db8::/64")
	now := time.Now()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { g.judge(client, false, now) })
	}
	wg.Wait()
	if f, r := g.failures.Load(), g.refused.Load(); f != maxLoginFailures || r != 100-maxLoginFailures {
		t.Errorf("%d counted, %d refused", f, r)
	}
}

// TestLoopbackMayGuess: whoever is behind a proxy on this machine is not shut out with others,
// in either family.
func TestLoopbackMayGuess(t *testing.T) {
	g := New(Options{Password: "right"}, time.Now, slog.New(slog.DiscardHandler))
	for _, a := range []string{"127.0.0.1", "127.9.9.9", "::1"} {
		peer := netip.MustParseAddr(a)
		for range maxLoginFailures + 1 {
			_ = g.LogIn(peer, []byte("wrong"))
		}
		if err := g.LogIn(peer, []byte("right")); err != nil {
			t.Errorf("%s: the right password after wrong ones: %v", a, err)
		}
	}
}
