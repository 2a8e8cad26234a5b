package backup

import (
	"archive/tar"
	"bytes"
	"time"
)

// tarBlock is the unit of a tar file, in bytes.
const tarBlock = 512

// tarball writes a tar file into frames. Content may also be put right into these,
// behind its header: a tar.Writer would copy it once more.
type tarball struct {
	out  *frames
	time time.Time // of all files
	pad  int64     // bytes to the next block
}

// begin writes the header of a file. Its content must follow, in full.
func (t *tarball) begin(name string, size int64) error {
	var header bytes.Buffer
	err := tar.NewWriter(&header).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: t.time})
	if err != nil {
		return err
	}
	if err := t.zeros(t.pad); err != nil {
		return err
	}
	t.pad = -size & (tarBlock - 1)
	_, err = t.out.Write(header.Bytes())
	return err
}

// file writes a whole file.
func (t *tarball) file(name string, content []byte) error {
	if err := t.begin(name, int64(len(content))); err != nil {
		return err
	}
	_, err := t.out.Write(content)
	return err
}

// end writes the end of the tar file.
func (t *tarball) end() error { return t.zeros(t.pad + 2*tarBlock) }

func (t *tarball) zeros(n int64) error {
	_, err := t.out.Write(make([]byte, n))
	return err
}
