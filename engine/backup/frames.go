package backup

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// frameSize is how much content one zstd frame has, in bytes.
const frameSize = 4 << 20

// frames makes independent zstd frames of what is written to it, several at a time,
// and writes them to w in order. It holds a few frames in memory.
//
// Its goroutines end with Close or Abort, one of which must be called.
type frames struct {
	w      io.Writer
	encode func(content, dst []byte) []byte // appends a frame

	cur   *frame      // being filled
	spare chan *frame // not in use
	work  chan *frame // to be compressed
	order chan *frame // to be written
	done  sync.WaitGroup

	written atomic.Int64 // bytes
	failed  atomic.Pointer[error]
}

// frame is a piece of the content on its way.
type frame struct {
	in, out    []byte
	compressed chan struct{} // gets one when out is there
}

func newFrames(w io.Writer, plain bool) (*frames, error) {
	workers := runtime.GOMAXPROCS(0)
	encode := func(content, dst []byte) []byte { return store(dst, content) }
	if !plain {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(frameSize),
			zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(workers))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		encode = encoder.EncodeAll
	}
	count := workers + 2 // one that is filled and one that is written
	f := &frames{
		w: w, encode: encode,
		spare: make(chan *frame, count), work: make(chan *frame, count), order: make(chan *frame, count),
	}
	for range count {
		f.spare <- &frame{compressed: make(chan struct{}, 1)}
	}
	for range workers {
		f.done.Go(f.compress)
	}
	f.done.Go(f.writeOut)
	return f, nil
}

// compress is a worker.
func (f *frames) compress() {
	for fr := range f.work {
		fr.out = f.encode(fr.in, fr.out[:0])
		fr.compressed <- struct{}{}
	}
}

// writeOut writes the frames in order. After an error it only passes them on, so
// that nobody waits for it.
func (f *frames) writeOut() {
	for fr := range f.order {
		<-fr.compressed
		if f.err() == nil {
			n, err := f.w.Write(fr.out)
			f.written.Add(int64(n))
			if err != nil {
				f.fail(err)
			}
		}
		f.spare <- fr
	}
}

func (f *frames) fail(err error) { f.failed.CompareAndSwap(nil, &err) }

func (f *frames) err() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Write takes p over. An error is that of an earlier piece.
func (f *frames) Write(p []byte) (n int, err error) {
	for n < len(p) {
		space, err := f.space()
		if err != nil {
			return n, err
		}
		c := copy(space, p[n:])
		f.filled(c)
		n += c
	}
	return n, nil
}

// space returns where the next bytes of the content go.
func (f *frames) space() ([]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	if f.cur == nil {
		f.cur = <-f.spare
		if f.cur.in == nil {
			f.cur.in = make([]byte, 0, frameSize)
		}
		f.cur.in = f.cur.in[:0]
	}
	return f.cur.in[len(f.cur.in):frameSize], nil
}

// filled takes over n bytes that were put into the space.
func (f *frames) filled(n int) {
	f.cur.in = f.cur.in[:len(f.cur.in)+n]
	if len(f.cur.in) == frameSize {
		f.flush()
	}
}

func (f *frames) flush() {
	if f.cur != nil && len(f.cur.in) > 0 {
		// Neither waits: there are no more frames than have room in the channels.
		f.order <- f.cur
		f.work <- f.cur
		f.cur = nil
	}
}

// Close writes what is left and waits until all is written.
func (f *frames) Close() error {
	f.flush()
	close(f.order)
	close(f.work)
	f.done.Wait()
	return f.err()
}

// Abort ends the goroutines. Nothing more is written once it has returned.
func (f *frames) Abort() {
	f.fail(io.ErrClosedPipe)
	_ = f.Close() // it is the error just set, or the one that led here
}
