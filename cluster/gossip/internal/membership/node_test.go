package membership

import (
	"cmp"
	"net"
	"strconv"
	"strings"
	"testing"

	"owlcache/cluster/gossip/internal/wire"
)

func TestThreeNodesMeetThroughASeed(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	c := startNode(t, options(t, 3, seedsOf(a.Address(), "127.0.0.1:1")))
	meetAll(t, a, b, c)
	until(t, "the receiver of a is told of both", func() bool {
		return a.fake.has(&a.fake.events, "+"+wire.Name(2)) && a.fake.has(&a.fake.events, "+"+wire.Name(3))
	})
	until(t, "states are exchanged", func() bool {
		return a.fake.has(&a.fake.msgs, b.fake.text) && b.fake.has(&b.fake.msgs, a.fake.text)
	})
	large := strings.Repeat("x", 16<<20)
	for _, msg := range []string{"hello", "\x01large" + large} {
		if err := b.Send(3, []byte(msg)); err != nil {
			t.Fatal(err)
		}
		until(t, "the message is there", func() bool { return c.fake.has(&c.fake.msgs, msg) })
	}
	if err := b.Send(9, []byte("hello")); err == nil {
		t.Fatal("a message to nobody was sent")
	}
	if s := c.Known(); len(s) != 3 || s[0].Address != "127.0.0.1:1" || s[0].State != Gone {
		t.Fatalf("c shows %+v", s)
	}
	b.close(t)
	until(t, "b has left for a", func() bool { return a.peer(2).State == Left && c.peer(2).State == Left })
	until(t, "the receiver of a is told", func() bool { return a.fake.has(&a.fake.events, "-"+wire.Name(2)) })
	if err := b.Send(3, []byte("late")); err == nil {
		t.Fatal("a closed node has sent")
	}
}

func TestASeedMayBeDownAtTheStart(t *testing.T) {
	t.Parallel()
	late := freePort(t)
	b := startNode(t, options(t, 2, seedsOf("127.0.0.1:"+strconv.Itoa(late)))) // does not wait for it
	until(t, "the error is shown", func() bool {
		s := b.Known()
		return len(s) == 1 && strings.Contains(s[0].LastError, "refused")
	})
	o := options(t, 1, nil)
	o.Port.BindPort = late
	meetAll(t, startNode(t, o), b)
}

func TestANodeComesBackUnderAnotherPort(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	c := startNode(t, options(t, 3, seedsOf(a.Address())))
	meetAll(t, a, b, c)
	old := b.Address()
	b.kill(t)
	b2 := startNode(t, b.opts)
	if b2.Address() == old {
		t.Skip("the same port was free again")
	}
	meetAll(t, a, b2, c)
	for _, n := range []*testNode{a, c} {
		until(t, "the new address is known", func() bool { return n.peer(2).Address == b2.Address() })
	}
	if b2.logs.count("level=ERROR") > 0 {
		t.Fatal("an error was logged")
	}
}

func TestARestartThatNobodyNoticesIsTold(t *testing.T) {
	t.Parallel()
	o := options(t, 1, nil)
	slow := func(n *testNode) bool { return n.fake.has(&n.fake.events, "-"+wire.Name(2)) }
	a := startNode(t, o)
	ob := options(t, 2, seedsOf(a.Address()))
	b := startNode(t, ob)
	meetAll(t, a, b)
	until(t, "a is told", func() bool { return a.fake.has(&a.fake.events, "+"+wire.Name(2)) })
	_, port, _ := net.SplitHostPort(b.Address())
	b.kill(t)
	ob.Port.BindPort, _ = strconv.Atoi(port)
	b2 := startNode(t, ob)
	meetAll(t, a, b2)
	until(t, "the receiver of a is told that b was gone", func() bool { return slow(a) })
	until(t, "and is there again", func() bool {
		a.fake.mu.Lock()
		defer a.fake.mu.Unlock()
		return len(a.fake.events) == 3
	})
}

func TestPeersAreFoundAgainWithoutSeeds(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	until(t, "b knows a", func() bool { return len(b.file.List()) == 1 })
	b.close(t)
	o := b.opts
	o.Seeds = nil
	b2 := startNode(t, o)
	meetAll(t, a, b2)
}

func TestANewSeedIsTakenUp(t *testing.T) {
	t.Parallel()
	a, seeds := startNode(t, options(t, 1, nil)), seedsOf()
	b := startNode(t, options(t, 2, seeds))
	seeds.set(b.Address(), strings.Replace(a.Address(), "127.0.0.1", "localhost", 1))
	meetAll(t, a, b)
}

func TestJoinTriesAtOnce(t *testing.T) {
	t.Parallel()
	a, b := startNode(t, options(t, 1, nil)), startNode(t, options(t, 2, nil))
	b.Join(a.Address())
	meetAll(t, a, b)
}

func TestTwoHalvesFindEachOther(t *testing.T) {
	t.Parallel()
	// Each pair knows nothing of the other but one address, as of a long time ago.
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	oc := options(t, 3, nil)
	c := startNode(t, oc)
	d := startNode(t, options(t, 4, seedsOf(c.Address())))
	meetAll(t, a, b)
	meetAll(t, c, d)
	c.file.Seen(1, a.Address())
	c.file.Gone(1)
	meetAll(t, a, b, c, d)
}

func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	_, port, _ := net.SplitHostPort(a.Address())
	o := options(t, 2, nil)
	o.Port.BindPort, _ = strconv.Atoi(port)
	_, err := start(t, o)
	if err == nil || !strings.Contains(err.Error(), "Gossipport "+port) || !strings.Contains(err.Error(), "choose another one") {
		t.Fatalf("error: %v", err)
	}
}

func TestAddressesOfANode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, bind, advertise string
		port                  int
		want                  string // HOST, or an error
		wrong                 bool
	}{
		{"loopback", "", "", 0, "127.0.0.1:", false},
		{"a name", "localhost", "", 0, "127.0.0.1:", false},
		{"advertised", "127.0.0.1", "192.0.2.7", 0, "192.0.2.7:", false},
		{"advertised with a port", "127.0.0.1", "192.0.2.7", 7000, "192.0.2.7:7000", false},
		{"advertised port only", "127.0.0.1", "", 7000, "127.0.0.1:7000", false},
		{"advertised name", "127.0.0.1", "localhost", 7000, "127.0.0.1:7000", false},
		{"bad name", "no.such.name.invalid", "", 0, "cannot be resolved", true},
		{"bad advertised name", "127.0.0.1", "no.such.name.invalid", 0, "advertise to other nodes, \"no.such.name.invalid\", cannot be resolved", true},
		{"nowhere", "127.0.0.1", "0.0.0.0", 0, "give one that they can connect to", true},
		{"everywhere", "::", "", 0, "set it", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, 1, nil)
			o.Port.BindAddr, o.Port.AdvertiseAddr, o.Port.AdvertisePort = cmp.Or(tc.bind, "127.0.0.1"), tc.advertise, tc.port
			if tc.wrong {
				if _, err := start(t, o); err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("error: %v", err)
				}
				return
			}
			if n := startNode(t, o); !strings.HasPrefix(n.Address(), tc.want) {
				t.Fatalf("address %s", n.Address())
			}
		})
	}
}

// freePort returns a port that is free now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().(*net.TCPAddr).Port
}

func TestANodeThatIsItsOwnSeedIsAlone(t *testing.T) {
	t.Parallel()
	seeds := seedsOf()
	n := startNode(t, options(t, 1, seeds))
	seeds.set(n.Address())
	if !n.Alone() {
		t.Error("it waits for itself")
	}
}
