package membership

import (
	"context"
	"log/slog"
	"regexp"
	"strings"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// maxLogLine bounds a line of memberlist, in bytes. It may hold text of peers, or of
// anybody who can reach the port.
const maxLogLine = 300

// bridgeEvents is told of what only memberlist's log says.
type bridgeEvents interface {
	suspected(peer uint64)              // a probe was not answered
	answered(peer uint64, tcpOnly bool) // a probe was answered
	failed(peer uint64, why string)     // an exchange with it
}

// logBridge takes memberlist's log lines, which begin with a level in brackets: it is
// the handler of a slog.Logger whose levels mean nothing.
//
// What memberlist calls an error is mostly a peer or a network that fails: here it is a
// warning. What anybody can send, what goes on until somebody ends it, and warnings that
// are not known here, are logged once a minute for each kind.
type logBridge struct {
	slog.Handler // discards; memberlist has no attributes and no groups

	log     *slog.Logger
	count   *transport.Tally
	notices *transport.Notices
	events  bridgeEvents
	rules   []lineRule
	node    *regexp.Regexp
}

func newLogBridge(log *slog.Logger, count *transport.Tally, notices *transport.Notices, events bridgeEvents) *logBridge {
	return &logBridge{Handler: slog.DiscardHandler, log: log, count: count, notices: notices, events: events, rules: lineRules(), node: regexp.MustCompile(`\b[0-9a-f]{16}\b`)}
}

// Texts of memberlist that are looked for beside lineRules.
const (
	joinFailed     = "failed to join " // and the address
	exchangeFailed = "failed: "        // and why
	noKey          = "no installed keys could decrypt"
)

// A lineRule tells what a line means that has a certain text in it.
type lineRule struct {
	text string
	kind string // of the notice, once a minute
	what uint8
}

// What a line is about.
const (
	plainLine    uint8 = iota
	badFrame           // not from a member: another key or label, or garbled
	badMessage         // from a member, but it makes no sense
	noisyLine          // may come very often
	ownLine            // said better by others: only for debugging
	suspectLine        // names a peer that does not answer
	tcpLine            // names a peer that answers over TCP only
	exchangeLine       // names a peer and an error
)

// lineRules in the order in which they are tried.
func lineRules() []lineRule {
	return []lineRule{
		{"with unacceptable label", "label", badFrame}, // first: text of strangers follows
		{transport.ErrDown.Error(), "", ownLine},
		{"Push/Pull with ", "", exchangeLine},
		{"Failed fallback TCP ping", "", ownLine},
		{"Decrypt packet failed", "key", badFrame},
		{noKey, "key", badFrame},
		{"encryption is configured but remote state is not encrypted", "plain", badFrame},
		{"the stream label header", "garbled", badFrame},
		{"cannot decode label", "garbled", badFrame},
		{"label header cannot be empty", "garbled", badFrame},
		{"invalid checksum for UDP packet", "garbled", badFrame},
		{"memberlist: failed to receive: ", "garbled", badFrame},
		{"missing message type byte", "message", badMessage},
		{"Failed to decode", "message", badMessage},
		{"Failed to decompress", "message", badMessage},
		{"not supported", "message", badMessage},
		{"Received invalid msgType", "message", badMessage},
		{"truncated messages", "message", badMessage},
		{"Failed to receive user message", "message", badMessage},
		{"Failed to read remote state", "message", badMessage},
		{"Failed push/pull merge", "merge", badMessage},
		{"Vsn is not present", "message", badMessage},
		{"protocol version(s) are wrong", "message", badMessage},
		{"over TCP but UDP probes failed", "", tcpLine},
		{"has failed, no acks received", "", suspectLine},
		{"Marking ", "", ownLine},
		{"Updating address for", "", ownLine},
		{"Refuting ", "", ownLine},
		{"ignoring alive message", "", ownLine},
		{"Got ping for unexpected node", "", ownLine},
		{"Conflicting address", "conflict", noisyLine},
		{"Failed to send", "send", noisyLine},
		{"Failed to push local state", "send", noisyLine},
		{"queue full", "queue", noisyLine},
		{"Too many pending", "queue", noisyLine},
		{"Remote node state size", "size", noisyLine}, // as announced by anybody
	}
}

// ruleOf looks at a line up to the first quote: what follows may be text of strangers.
func (b *logBridge) ruleOf(line string) lineRule {
	line, _, _ = strings.Cut(line, `"`)
	for _, r := range b.rules {
		if strings.Contains(line, r.text) {
			return r
		}
	}
	return lineRule{kind: "other", what: plainLine}
}

// Enabled is true: the level of a line is in its text.
func (b *logBridge) Enabled(context.Context, slog.Level) bool { return true }

// Handle takes a line.
func (b *logBridge) Handle(ctx context.Context, r slog.Record) error {
	level, line := levelOf(r.Message)
	if level == slog.LevelDebug && !b.log.Enabled(ctx, level) {
		return nil // most lines, and not looked at
	}
	line = cluster.OneLine(line, maxLogLine)
	rule := b.ruleOf(line)
	if level > slog.LevelDebug {
		b.note(rule, line)
	}
	switch rule.what {
	case ownLine, suspectLine, tcpLine, exchangeLine:
		level = slog.LevelDebug
	default:
		often := level > slog.LevelInfo || level > slog.LevelDebug && rule.what != plainLine
		if often && !b.notices.Due("memberlist "+rule.kind) {
			return nil
		}
	}
	b.log.Log(ctx, level, line)
	return nil
}

func (b *logBridge) note(rule lineRule, line string) {
	switch rule.what {
	case badFrame:
		b.count.BadFrames.Add(1)
	case badMessage:
		b.count.BadMessages.Add(1)
	case tcpLine:
		if id := b.named(line); id != 0 {
			b.events.answered(id, true)
		}
	case suspectLine:
		if id := b.named(line); id != 0 {
			b.events.suspected(id)
		}
	case exchangeLine:
		if id := b.named(line); id != 0 {
			_, why, _ := strings.Cut(line, exchangeFailed)
			b.events.failed(id, why)
		}
	}
}

func levelOf(line string) (slog.Level, string) {
	prefix, rest, ok := strings.Cut(line, "] ")
	if !ok {
		return slog.LevelWarn, line
	}
	switch prefix {
	case "[DEBUG":
		return slog.LevelDebug, rest
	case "[INFO":
		return slog.LevelInfo, rest
	case "[WARN", "[ERR", "[ERROR":
		return slog.LevelWarn, rest
	}
	return slog.LevelWarn, line
}

func (b *logBridge) named(line string) uint64 {
	id, err := wire.ParseName(b.node.FindString(line))
	if err != nil {
		return 0
	}
	return id
}
