package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"owlcache/cmd/owlcache/internal/term"
)

var updateTranscript = flag.Bool("update-transcript", false, "write the answers of the transcripts that differ anew")

// TestTranscripts holds nodes to what clients have always been told, byte for byte. The
// files in testdata/transcript are what is said on the wire:
//
//	# a comment
//	@ node a NAME=VALUE...       start a node, here called a, with these settings
//	@ each NAME=VALUE...         do it all once with each of these settings, for all nodes
//	@ http a [from IP]           connect to it; also tcp, ws
//	@ restart a                  stop it in good order and start it again
//	@ wait a 2                   wait until its group has 2 members that answer
//	@ file a NAME                what follows is in this file of its data directory
//	@ origin a                   what follows is what the origin was asked for since the last time
//	> what the client sends
//	< what is answered
//
// Lines of the client that follow each other are sent together. Over HTTP they are lines of
// one request, and there is an empty one behind the headers; over TCP and WebSocket each is a
// line or message of its own. In answers over HTTP the headers may be in any order; Date and
// Content-Length are left out, and so is Owlcache-Error, whose text may change.
//
// {a.http} and {a.tcp} are the addresses of node a, {origin} that of an HTTP server that
// answers each path with itself, {version} is that of the program, {length} the size of a
// request's body. In answers {time NAME} and {texttime NAME} are times, as JSON and headers
// show them: those with one name are one instant. {token} is a token in base64 and, in
// requests, one that was answered; {jwt}, {token_url}, {token_bare} and {token_escaped} are
// other forms of it. {any} is anything. Bytes that cannot be printed are written \x00, \r, \n
// and \\.
//
// Files at the end of a transcript, "-- a/sites.xml --", are put into the data directory of
// the node before it is started.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcript/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts, %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			tr, err := readTranscript(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(tr.each) == 0 {
				tr.play(t)
			}
			for _, setting := range tr.each {
				t.Run(setting, func(t *testing.T) { tr.play(t, setting) })
			}
			if *updateTranscript {
				if err := tr.write(file); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// player plays one transcript.
type player struct {
	t        *testing.T
	settings []string // of all nodes
	files    []txtar.File
	nodes    map[string]*lineNode
	vars     vars
	conn     wire
	origin   *echoOrigin
}

// play starts nodes, says what clients say and compares what is answered.
func (tr *transcript) play(t *testing.T, settings ...string) {
	p := &player{t: t, settings: settings, files: tr.files, nodes: map[string]*lineNode{}, vars: newVars(), origin: startEchoOrigin(t)}
	p.vars.text["version"] = term.Version
	p.vars.text["origin"] = p.origin.URL
	for i := range tr.steps {
		step := &tr.steps[i]
		got, err := p.step(step)
		if err != nil {
			t.Fatalf("%s:%d: %v", tr.name, step.line, err)
		}
		want := strings.Join(step.answer, "\n")
		if err := p.vars.match(want, strings.Join(got, "\n")); err != nil {
			t.Errorf("%s:%d: after %q: %v\ngot:\n%s\nwant:\n%s", tr.name, step.line, step.request, err, strings.Join(got, "\n"), want)
			step.found = p.vars.generalise(got)
		}
	}
	p.hangUp()
}

// step does one step and returns what is answered.
func (p *player) step(s *transcriptStep) ([]string, error) {
	if s.directive != nil {
		return p.obey(s.directive)
	}
	if p.conn == nil {
		return nil, fmt.Errorf("there is no connection")
	}
	request, err := p.vars.expand(s.request)
	if err != nil {
		return nil, err
	}
	return p.conn.say(request, len(s.answer))
}

// obey does what a directive says.
func (p *player) obey(words []string) ([]string, error) {
	p.hangUp()
	what, name := words[0], words[1]
	node := p.nodes[name]
	if node == nil && what != "node" && what != "origin" {
		return nil, fmt.Errorf("there is no node %q", name)
	}
	var err error
	switch what {
	case "node":
		p.startNode(name, words[2:])
	case "restart":
		node.stop()
		node.restart()
	case "wait":
		p.waitGroup(node, words[2])
	case "file":
		return p.file(node, words[2])
	case "origin":
		return p.origin.seen(), nil
	case "http":
		p.conn, err = dialHTTP(node.addr, source(words))
	case "tcp":
		p.conn, err = dialTCP(node.tcp, source(words))
	case "ws":
		p.conn, err = dialSocket(node.addr)
	default:
		return nil, fmt.Errorf("no directive %q", what)
	}
	return nil, err
}

// source returns the address that a client connects from; empty is any.
func source(words []string) string {
	if len(words) == 4 && words[2] == "from" {
		return words[3]
	}
	return ""
}

func (p *player) startNode(name string, settings []string) {
	p.t.Helper()
	n := newLineNode(p.t, append(p.settings, settings...)...)
	p.vars.text[name+".http"], p.vars.text[name+".tcp"] = n.addr, n.tcp
	for _, f := range p.files {
		if file, ok := strings.CutPrefix(f.Name, name+"/"); ok {
			p.put(filepath.Join(n.dir, file), string(f.Data))
		}
	}
	n.start()
	p.t.Cleanup(n.stop)
	n.waitReady()
	p.nodes[name] = n
}

// put writes a file in which placeholders stand for what they do in requests.
func (p *player) put(path, content string) {
	p.t.Helper()
	lines, err := p.vars.expand(strings.Split(content, "\n"))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// waitGroup waits until a question to the group is answered by so many members.
func (p *player) waitGroup(n *lineNode, members string) {
	p.t.Helper()
	want := fmt.Sprintf("members=%s, answered=%s", members, members)
	n.eventually("be answered by its group", func() error {
		resp, err := http.Get("http://" + n.addr + "/group_data/?cmd=get&key=are+you+there")
		if err != nil {
			return err
		}
		if got := resp.Header.Get("Owlcache-Group"); got != want {
			err = fmt.Errorf("%q, want %q", got, want)
		}
		_ = resp.Body.Close() // it is empty
		return err
	})
}

// file returns the lines of a file in the data directory of n.
func (p *player) file(n *lineNode, name string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(n.dir, name))
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"), nil
}

// hangUp ends the connection. Nothing more may come than has been expected.
func (p *player) hangUp() {
	p.t.Helper()
	if p.conn == nil {
		return
	}
	if rest, err := p.conn.end(); err != nil || rest != "" {
		p.t.Errorf("at the end of the connection: %q, %v", rest, err)
	}
	p.conn = nil
}

// echoOrigin is a web server that answers each path with itself and keeps what it was
// asked for.
type echoOrigin struct {
	*httptest.Server
	requests chan string
}

func startEchoOrigin(t *testing.T) *echoOrigin {
	t.Helper()
	o := &echoOrigin{requests: make(chan string, 100)}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.requests <- r.Method + " " + r.URL.RequestURI()
		if r.URL.Path == "/missing" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/x-owl")
		_, _ = fmt.Fprint(w, r.URL.RequestURI())
	}))
	t.Cleanup(o.Close)
	return o
}

// seen returns what it was asked for since the last call.
func (o *echoOrigin) seen() (requests []string) {
	for {
		select {
		case r := <-o.requests:
			requests = append(requests, r)
		default:
			return requests
		}
	}
}
