package engine

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"owlcache/engine/datadir"
)

// The snapshot is a bbolt file with two buckets:
//
//	kv    key → header and value
//	meta  names → decimal text: format, lsn, clock, node (hexadecimal), keys, bytes,
//	      saved (RFC 3339), crc (hexadecimal, see metaChecksum)
//
//	header, 40 bytes, little-endian
//	 0  1  format version, 1          16  8  version node
//	 1  1  flags: 1 = tombstone       24  8  created, Unix ns
//	 2  2  reserved, 0                32  8  expires, Unix ms, 0 = never
//	 4  4  CRC32C, see valueChecksum  40     value
//	 8  8  version time
//
// lsn says which part of the log the file covers. It is written in the last
// transaction of a checkpoint; those before it only make entries newer, which
// replaying the log from the old lsn makes them again.
const (
	valueFormat = 1
	valueFixed  = 40
	valueDead   = 1

	bucketKV   = "kv"
	bucketMeta = "meta"

	metaFormat = "format"
	metaLSN    = "lsn"
	metaClock  = "clock"
	metaNode   = "node"
	metaKeys   = "keys"
	metaBytes  = "bytes"
	metaSaved  = "saved"
	metaCRC    = "crc"

	snapshotFormat = 1
)

// snapshotLockTimeout is how long a tool that has the file open is waited for.
const snapshotLockTimeout = time.Second

// valueChecksum covers the key and all of the value but the checksum itself.
func valueChecksum(key, v []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	crc := crc32.Update(0, table, key)
	crc = crc32.Update(crc, table, v[:4])
	return crc32.Update(crc, table, v[8:])
}

// encodeValue returns what the bucket kv holds of e.
func encodeValue(e *entry) []byte {
	v := make([]byte, valueFixed, valueFixed+len(e.value))
	v[0] = valueFormat
	if e.deleted {
		v[1] = valueDead
	}
	le.PutUint64(v[8:], e.version.Time)
	le.PutUint64(v[16:], e.version.Node)
	le.PutUint64(v[24:], uint64(e.created))
	le.PutUint64(v[32:], uint64(e.expires))
	v = append(v, e.value...)
	le.PutUint32(v[4:], valueChecksum(e.key, v))
	return v
}

// decodeValue is the inverse of encodeValue. The entry's value is a part of v.
func decodeValue(key, v []byte) (e entry, err error) {
	switch {
	case len(v) < valueFixed:
		return e, fmt.Errorf("value of %d bytes is shorter than its header", len(v))
	case v[0] > valueFormat && valueChecksum(key, v) == le.Uint32(v[4:]):
		return e, fmt.Errorf("value of format %d: %w", v[0], ErrNewerFormat)
	case v[0] != valueFormat, valueChecksum(key, v) != le.Uint32(v[4:]):
		return e, errors.New("wrong checksum")
	}
	return entry{
		key: key, value: v[valueFixed:], deleted: v[1]&valueDead != 0,
		version: Version{Time: le.Uint64(v[8:]), Node: le.Uint64(v[16:])},
		created: int64(le.Uint64(v[24:])),
		expires: int64(le.Uint64(v[32:])),
	}, nil
}

// snapshotMeta is the bucket meta.
type snapshotMeta struct {
	lsn   uint64
	clock uint64 // greatest version time in the file
	node  uint64 // the node that wrote the file
	keys  int64  // tombstones included
	bytes int64  // of keys and values
	saved time.Time
}

// metaField is one key of the bucket meta with its value.
type metaField struct{ name, value string }

// fields returns the content of the bucket, but for the checksum.
func (m *snapshotMeta) fields() []metaField {
	return []metaField{
		{metaFormat, strconv.Itoa(snapshotFormat)},
		{metaLSN, strconv.FormatUint(m.lsn, 10)},
		{metaClock, strconv.FormatUint(m.clock, 10)},
		{metaNode, fmt.Sprintf("%016x", m.node)},
		{metaKeys, strconv.FormatInt(m.keys, 10)},
		{metaBytes, strconv.FormatInt(m.bytes, 10)},
		{metaSaved, m.saved.UTC().Format(time.RFC3339Nano)},
	}
}

// metaChecksum is the CRC32C of the fields as lines of name=value, in their order.
func metaChecksum(fields []metaField) string {
	crc := uint32(0)
	for _, f := range fields {
		crc = crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), []byte(f.name+"="+f.value+"\n"))
	}
	return fmt.Sprintf("%08x", crc)
}

func (m *snapshotMeta) put(b *bbolt.Bucket) error {
	fields := m.fields()
	for _, f := range append(fields, metaField{metaCRC, metaChecksum(fields)}) {
		if err := b.Put([]byte(f.name), []byte(f.value)); err != nil {
			return err
		}
	}
	return nil
}

// parseMeta reads the bucket meta, of which get returns the values.
func parseMeta(get func(name []byte) []byte) (m snapshotMeta, err error) {
	var errs []error
	number := func(name string, base int) uint64 {
		n, err := strconv.ParseUint(string(get([]byte(name))), base, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("bucket meta: %s: %w", name, err))
		}
		return n
	}
	format := number(metaFormat, 10)
	m = snapshotMeta{lsn: number(metaLSN, 10), clock: number(metaClock, 10), node: number(metaNode, 16),
		keys: int64(number(metaKeys, 10)), bytes: int64(number(metaBytes, 10))}
	if m.saved, err = time.Parse(time.RFC3339Nano, string(get([]byte(metaSaved)))); err != nil {
		errs = append(errs, fmt.Errorf("bucket meta: %s: %w", metaSaved, err))
	}
	if err := errors.Join(errs...); err != nil {
		return m, err
	}
	fields := m.fields()
	fields[0].value = string(get([]byte(metaFormat)))
	switch {
	case metaChecksum(fields) != string(get([]byte(metaCRC))):
		return m, errors.New("bucket meta: wrong checksum")
	case format > snapshotFormat:
		return m, fmt.Errorf("snapshot of format %d: %w", format, ErrNewerFormat)
	case format != snapshotFormat:
		return m, fmt.Errorf("bucket meta: there is no format %d", format)
	}
	return m, nil
}

// buckets returns the two buckets and the meta data of an open snapshot.
func buckets(tx *bbolt.Tx) (kv, meta *bbolt.Bucket, m snapshotMeta, err error) {
	kv, meta = tx.Bucket([]byte(bucketKV)), tx.Bucket([]byte(bucketMeta))
	if kv == nil || meta == nil {
		return nil, nil, m, errors.New("bucket kv or meta is missing")
	}
	m, err = parseMeta(meta.Get)
	return kv, meta, m, err
}

// openSnapshot opens the file for reading, or for writing too. bbolt panics on
// some damage: that is an error here.
func openSnapshot(path string, write bool) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(path, &err)
	if !write {
		// bbolt would make the file.
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		ReadOnly: !write, Timeout: snapshotLockTimeout,
		FreelistType: bbolt.FreelistMapType, NoFreelistSync: false,
	})
	if write && errors.Is(err, berrors.ErrTimeout) {
		return nil, errSnapshotRead
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	return db, err
}

// recoverDamage turns a panic of bbolt into a *CorruptError.
func recoverDamage(path string, err *error) {
	if p := recover(); p != nil {
		*err = &CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("bbolt: %v", p)}
	}
}

// snapshotDamage makes a *CorruptError of what is wrong with the snapshot at path,
// unless it only has a newer format.
func snapshotDamage(path, what string, err error) error {
	if errors.Is(err, ErrNewerFormat) {
		return fmt.Errorf("%s: %s%w", path, what, err)
	}
	return &CorruptError{Path: path, Offset: -1, Reason: what + err.Error()}
}

// replaceFile renames a finished temporary file, durably.
func replaceFile(tmp, path string) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(path))
}
