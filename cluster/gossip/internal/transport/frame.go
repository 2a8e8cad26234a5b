package transport

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hashicorp/memberlist"
)

// A frame of a stream, as memberlist sends it:
//
//	0   1  244
//	1   1  length of the label
//	2      the label
//	17  1  10, encrypted
//	18  4  length of what follows, big-endian
//	22  1  1, the version of the encryption
//	23     nonce, text and tag
//
// The answer, on the same connection, has no label and begins at 17. In a packet 10 and
// the length are left out.
//
// memberlist takes version 0, too, and cuts off the padding that it has without a look at
// its length: it panics. The version is not authenticated, so who repeats a frame of a
// member with a 0 there ends the process. It must not see any such frame.
const (
	labelMark    = 244
	frameMark    = 10
	frameVersion = 1

	headLabel   = 2 + len(Label)
	headSize    = headLabel + 1 + 4
	headVersion = headSize // where the version is
)

var errFrameVersion = errors.New("not a frame of data sync: it has another version of the encryption")

// isLabelled tells whether a frame has the label. memberlist refuses all others.
func isLabelled(head []byte) bool {
	return len(head) >= headLabel && head[0] == labelMark && int(head[1]) == len(Label) && string(head[2:headLabel]) == Label
}

func badPacket(b []byte) bool {
	return isLabelled(b) && (len(b) == headLabel || b[headLabel] != frameVersion)
}

// badPacket, badStream and badAnswer tell whether memberlist must not see a packet, or a
// stream or an answer that begins with head.
func badStream(head []byte) bool {
	return isLabelled(head) && len(head) > headVersion && badAnswer(head[headLabel:])
}

func badAnswer(head []byte) bool {
	const version = headVersion - headLabel
	return len(head) > version && head[0] == frameMark && head[version] != frameVersion
}

// isCut tells whether a stream of got bytes that begins with head has ended within a
// frame. What is no frame of this group is not told so here: memberlist says it.
func isCut(head []byte, got int64) bool {
	switch {
	case !isLabelled(head):
		return false
	case len(head) == headLabel || head[headLabel] == frameMark && len(head) < headSize:
		return true
	}
	return head[headLabel] == frameMark && got < int64(headSize)+int64(binary.BigEndian.Uint32(head[headLabel+1:]))
}

func firstBytes(head, b []byte, size int) []byte {
	return append(head, b[:min(len(b), size-len(head))]...)
}

// Label is in front of all frames, and authenticated with them: other programs that
// use memberlist, and other uses of the same secret, are told from data sync.
const Label = "owlcache-sync-1"

// keyInfo binds the key to its use; see RFC 5869, section 3.2.
const keyInfo = "owlcache data sync, frames, AES-256-GCM, 1"

func frameKey(secret string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), nil, keyInfo, 32)
}

// NewKeyring returns the keys of frames: all are read with, the first one is written with.
func NewKeyring(secret string, accept []string) (*memberlist.Keyring, error) {
	keys := make([][]byte, 0, 1+len(accept))
	for _, s := range append([]string{secret}, accept...) {
		key, err := frameKey(s)
		if err != nil {
			return nil, fmt.Errorf("gossip: key of frames: %w", err)
		}
		keys = append(keys, key)
	}
	return memberlist.NewKeyring(keys[1:], keys[0])
}
