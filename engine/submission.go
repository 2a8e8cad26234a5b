package engine

import "owlcache/engine/internal/format"

// submission is what one caller hands to the committer.
type submission struct {
	ops  []Op
	size int64 // of its records in the log, at most
	err  error
	done chan struct{} // holds a token once the committer is finished with it

	records []format.Record  // decided, in the order of ops
	one     [1]Op            // ops of a submission of one
	oneRec  [1]format.Record // records of a submission of one
}

func newSubmission(ops []Op) *submission {
	return &submission{ops: ops, done: make(chan struct{}, 1)}
}

// AppendTo makes a submission the payload of one log record: all or nothing of it
// survives a crash.
func (sub *submission) AppendTo(dst []byte) []byte {
	for i := range sub.records {
		dst = sub.records[i].AppendTo(dst)
	}
	return dst
}

// asks tells whether deciding the submission needs to know what is there.
func (sub *submission) asks() bool {
	for i := range sub.ops {
		if sub.ops[i].Kind != Set || sub.ops[i].If != Always {
			return true
		}
	}
	return false
}

// local tells whether subscribers get to see the submission.
func (sub *submission) local() bool {
	return sub.ops[0].Kind <= Expire
}

// fail answers all operations that were going to be done with err.
func (sub *submission) fail(err error) {
	sub.records = nil
	for i := range sub.ops {
		if sub.ops[i].Err == nil {
			sub.ops[i].Err, sub.ops[i].Meta = err, Meta{}
			sub.err = err
		}
	}
}
