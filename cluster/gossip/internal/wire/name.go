package wire

import (
	"errors"
	"fmt"
	"strconv"
)

// Name returns the id as it is written: a member's name in the group.
func Name(id uint64) string { return fmt.Sprintf("%016x", id) }

// ParseName is the reverse of Name. Names come from peers: nothing else is taken.
func ParseName(name string) (uint64, error) {
	id, err := strconv.ParseUint(name, 16, 64)
	if err != nil || id == 0 || name != Name(id) {
		return 0, errors.New("its name is no node id")
	}
	return id, nil
}

// A run is a number of one run of a node, made anew at each start. It tells a restart
// that nobody has noticed from a node that was there all the time, and two nodes that
// have one identity from one node.
//
// Members carry it as their meta data:
//
//	0  1  1, the format
//	1  8  run, little-endian
const metaFormat = 1

// AppendMeta adds meta data to dst.
func AppendMeta(dst []byte, run uint64) []byte { return le.AppendUint64(append(dst, metaFormat), run) }

// RunOf returns the run in meta data, 0 if there is none.
func RunOf(meta []byte) uint64 {
	if len(meta) < 9 || meta[0] != metaFormat {
		return 0
	}
	return le.Uint64(meta[1:])
}

// State is what two nodes tell each other in memberlist's push/pull beside the members:
//
//	0   1  1, the format
//	1   8  id of the sender, little-endian
//	9   8  its run
//	17     the message
const (
	stateFormat = 1
	stateHeader = 17
)

// AppendState adds a state to dst.
func AppendState(dst []byte, id, run uint64, message []byte) []byte {
	dst = le.AppendUint64(append(dst, stateFormat), id)
	return append(le.AppendUint64(dst, run), message...)
}

// ParseState takes a state apart.
func ParseState(b []byte) (id, run uint64, message []byte, err error) {
	if len(b) < stateHeader || b[0] != stateFormat {
		return 0, 0, nil, errors.New("state of another format")
	}
	return le.Uint64(b[1:]), le.Uint64(b[9:]), b[stateHeader:], nil
}
