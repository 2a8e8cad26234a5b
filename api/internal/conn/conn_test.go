package conn

import (
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// tcpPair returns the two ends of a connection.
func tcpPair(t *testing.T) (server, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// watchedConn counts what is done to a connection.
type watchedConn struct {
	*net.TCPConn
	got       int
	deadlines []time.Time
}

func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.TCPConn.Read(p)
	w.got += n
	return n, err
}

func (w *watchedConn) SetReadDeadline(t time.Time) error {
	w.deadlines = append(w.deadlines, t)
	return w.TCPConn.SetReadDeadline(t)
}

func TestCloseReadsOn(t *testing.T) {
	server, client := tcpPair(t)
	w := &watchedConn{TCPConn: server}
	c := &Conn{Conn: w, Linger: true}
	if _, err := client.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if w.got != 100_000 {
		t.Errorf("%d bytes were read", w.got)
	}
	if _, err := io.ReadAll(client); err != nil { // no reset
		t.Error(err)
	}
}

func TestDeadlinesAreLazy(t *testing.T) {
	server, client := tcpPair(t)
	w := &watchedConn{TCPConn: server}
	c := &Conn{Conn: w, Slack: time.Minute}
	begin := time.Now()
	read := func(after time.Duration) {
		t.Helper()
		if err := c.SetReadDeadline(begin.Add(time.Second)); err != nil { // never used
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(begin.Add(after)); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	read(time.Hour)
	read(time.Hour + 30*time.Second) // within the slack
	read(time.Hour + 2*time.Minute)
	read(30 * time.Minute) // earlier counts at once
	want := []time.Duration{time.Hour, time.Hour + 2*time.Minute, 30 * time.Minute}
	if len(w.deadlines) != len(want) {
		t.Fatalf("deadlines %v", w.deadlines)
	}
	for i, d := range want {
		if !w.deadlines[i].Equal(begin.Add(d)) {
			t.Errorf("deadline %d is %v, want %v", i, w.deadlines[i].Sub(begin), d)
		}
	}
	if err := c.SetDeadline(time.Time{}); err != nil { // handed over: now at once
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(begin.Add(time.Hour)); err != nil || len(w.deadlines) != len(want)+1 {
		t.Errorf("after the hand-over: %v, %v", w.deadlines, err)
	}
}

// TestWriteDeadlineOfAnEarlierAnswer: what is written for the next request without
// a deadline of its own must not be cut off by the one of the answer before.
func TestWriteDeadlineOfAnEarlierAnswer(t *testing.T) {
	server, client := tcpPair(t)
	c := &Conn{Conn: server, WriteTimeout: time.Hour}
	past := time.Now().Add(-time.Second)
	if err := c.SetWriteDeadline(past); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("x")); !os.IsTimeout(err) {
		t.Fatalf("the deadline has no effect: %v", err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Errorf("next request: %v", err)
	}
}

func TestReleaseWakesIdleOnly(t *testing.T) {
	server, client := tcpPair(t)
	c := &Conn{Conn: server}
	if err := c.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.Busy.Store(true)
	c.Release()
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatalf("in a request: %v", err)
	}
	c.Busy.Store(false)
	ended := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	c.Release()
	if err := <-ended; !os.IsTimeout(err) {
		t.Errorf("idle: %v", err)
	}
}
