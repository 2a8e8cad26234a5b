package legacy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"owlcache/engine/datadir"
)

// errNotCut is returned for a file of 0.5.1 that does not merely end too soon.
var errNotCut = errors.New("the file does not end in the middle of its entries")

// cutFile reads the file of a 0.5.1 node that ends too soon, without the decoder of
// encoding/gob, which wants all of it. See the documentation of that package:
//
//	message  length, number of a type, and if that is negative the description of a type
//	list     length, number of its type, 0, number of entries, entries
//	entry    for each field that is not zero: its distance from the field before, value;
//	         then 0. Fields from 1 on: Key, Value, LifeTime, CreateTime
type cutFile struct {
	r     *bufio.Reader
	left  int64 // bytes of the file that have not been read
	total int64 // entries that the list should have
}

// ReadCut calls visit with the entries in front of the cut, and returns how many
// there should be.
func ReadCut(path string, visit func(kv *Entry)) (total int64, err error) {
	f, err := datadir.OpenRegular(path)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // read only
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	c := &cutFile{r: bufio.NewReaderSize(f, 64<<10), left: fi.Size()}
	if err := c.begin(); err != nil {
		return 0, err
	}
	for range c.total {
		kv, err := c.entry()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return c.total, nil
		}
		if err != nil {
			return 0, err
		}
		visit(kv)
	}
	return 0, errNotCut
}

// begin passes the descriptions of types and reads the head of the list.
func (c *cutFile) begin() error {
	for {
		length, err := c.uint()
		if err != nil {
			return err
		}
		before := c.left
		number, err := c.uint()
		switch {
		case err != nil:
			return err
		case number&1 == 0: // the number of a type, not negative: the list
			return c.list(int64(length) - before)
		}
		if err := c.skip(int64(length) - (before - c.left)); err != nil {
			return err
		}
	}
}

// list reads the head of the list, which is longer than the file by missing bytes.
func (c *cutFile) list(missing int64) error {
	if missing <= 0 {
		return errNotCut
	}
	zero, err := c.uint()
	if err != nil {
		return err
	}
	n, err := c.uint()
	if err == nil && (zero != 0 || n > 1<<40) {
		err = errNotCut
	}
	c.total = int64(n)
	return err
}

func (c *cutFile) entry() (*Entry, error) {
	kv := &Entry{}
	for field := uint64(0); ; {
		distance, err := c.uint()
		if err != nil || distance == 0 {
			return kv, err
		}
		field += distance
		if err := c.field(kv, field); err != nil {
			return nil, err
		}
	}
}

func (c *cutFile) field(kv *Entry, field uint64) error {
	if field == 3 {
		n, err := c.uint()
		kv.LifeTime = time.Duration(int64(n>>1) ^ -int64(n&1))
		return err
	}
	b, err := c.bytes()
	if err != nil {
		return err
	}
	switch field {
	case 1:
		kv.Key = string(b)
	case 2:
		kv.Value = b
	case 4:
		return kv.CreateTime.UnmarshalBinary(b)
	default:
		return fmt.Errorf("an entry has no field %d", field)
	}
	return nil
}

func (c *cutFile) bytes() ([]byte, error) {
	n, err := c.uint()
	if err != nil {
		return nil, err
	}
	if n > uint64(c.left) {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	c.left -= int64(n)
	_, err = io.ReadFull(c.r, b)
	return b, ended(err)
}

func (c *cutFile) skip(n int64) error {
	if n < 0 {
		return errNotCut
	}
	if n > c.left {
		return io.ErrUnexpectedEOF
	}
	c.left -= n
	_, err := io.CopyN(io.Discard, c.r, n)
	return ended(err)
}

// uint reads a number: itself up to 127; else a byte that is the number of bytes that
// follow, negated, and these, the greatest first.
func (c *cutFile) uint() (uint64, error) {
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, ended(err)
	}
	c.left--
	if b < 0x80 {
		return uint64(b), nil
	}
	n := -int(int8(b))
	if n > 8 {
		return 0, errNotCut
	}
	var buf [8]byte
	c.left -= int64(n)
	_, err = io.ReadFull(c.r, buf[8-n:])
	return binary.BigEndian.Uint64(buf[:]), ended(err)
}

// ended makes the end of the file, wherever it is, io.ErrUnexpectedEOF.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
