package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"owlcache/cmd/owlcache/internal/e2e"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// wire is a connection of a transcript.
type wire interface {
	// say sends lines and returns as many lines of answers as are wanted, or more.
	say(lines []string, want int) ([]string, error)
	// end closes the connection and returns what came that was not asked for.
	end() (rest string, err error)
}

// dialFrom connects, with an own address if there is one.
func dialFrom(addr, source string) (net.Conn, error) {
	d := net.Dialer{Timeout: e2e.Patience}
	if source != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
	}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(e2e.Patience))
}

// tcpWire speaks the line protocol.
type tcpWire struct {
	net.Conn
	r *bufio.Reader
}

func dialTCP(addr, source string) (wire, error) {
	c, err := dialFrom(addr, source)
	if err != nil {
		return nil, err
	}
	return &tcpWire{c, bufio.NewReader(c)}, nil
}

func (w *tcpWire) say(lines []string, want int) (answers []string, err error) {
	if len(lines) > 0 {
		if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
			return nil, err
		}
	}
	for range want {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("after %q, %q: %w", answers, line, err)
		}
		answers = append(answers, quote(strings.TrimSuffix(line, "\n")))
	}
	return answers, nil
}

func (w *tcpWire) end() (string, error) { return endOf(w.Conn, w.r) }

// endOf closes the client's side of a connection and reads the rest.
func endOf(c net.Conn, r io.Reader) (string, error) {
	err := c.(*net.TCPConn).CloseWrite()
	rest, readErr := io.ReadAll(r)
	return string(rest), errors.Join(err, readErr, c.Close())
}

// httpWire speaks HTTP/1.1.
type httpWire struct {
	net.Conn
	r *bufio.Reader
}

func dialHTTP(addr, source string) (wire, error) {
	c, err := dialFrom(addr, source)
	if err != nil {
		return nil, err
	}
	return &httpWire{c, bufio.NewReader(c)}, nil
}

func (w *httpWire) end() (string, error) { return endOf(w.Conn, w.r) }

// say sends one request. Its answer is the status line, the headers in alphabetical order,
// an empty line and the lines of the body.
func (w *httpWire) say(lines []string, _ int) ([]string, error) {
	text := strings.Join(lines, "\r\n")
	if lines[len(lines)-1] == "" {
		text += "\r\n" // the empty line behind the headers, not an empty body
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	head, length, err := w.head()
	if err != nil {
		return nil, fmt.Errorf("after %q: %w", head, err)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(w.r, body); err != nil {
		return nil, err
	}
	out := append(head, "")
	if len(body) > 0 {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			out = append(out, quote(string(line)))
		}
	}
	return out, nil
}

// head reads the head of an answer and returns it without the headers that a transcript
// leaves out, and the size of the body.
func (w *httpWire) head() (head []string, length int, err error) {
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return head, 0, err
		}
		line, ended := strings.CutSuffix(line, "\r\n")
		if !ended {
			return head, 0, fmt.Errorf("%q: a header line without its end", line)
		}
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			slices.Sort(head[1:])
			return head, length, nil
		case name == "Date" || name == "Owlcache-Error":
		case name == "Content-Length":
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return head, 0, err
			}
		default:
			head = append(head, strings.TrimRight(line, " "))
		}
	}
}

// socketWire speaks WebSocket.
type socketWire struct{ *websocket.Conn }

func dialSocket(addr string) (wire, error) {
	d := websocket.Dialer{HandshakeTimeout: e2e.Patience}
	c, resp, err := d.Dial("ws://"+addr+"/ws", nil)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // it is empty
	return &socketWire{c}, c.SetReadDeadline(time.Now().Add(e2e.Patience))
}

func (w *socketWire) say(lines []string, want int) (answers []string, err error) {
	for _, line := range lines {
		if err := w.WriteMessage(websocket.TextMessage, []byte(line)); err != nil {
			return nil, err
		}
	}
	for range want {
		kind, message, err := w.ReadMessage()
		if err != nil {
			return nil, fmt.Errorf("after %q: %w", answers, err)
		}
		if kind != websocket.TextMessage {
			return nil, fmt.Errorf("%q is no text", message)
		}
		answers = append(answers, quote(string(message)))
	}
	return answers, nil
}

func (w *socketWire) end() (string, error) {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := w.WriteMessage(websocket.CloseMessage, bye); err != nil {
		return "", err
	}
	_, message, err := w.ReadMessage()
	if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		err = nil
	}
	return string(message), errors.Join(err, w.Close())
}
