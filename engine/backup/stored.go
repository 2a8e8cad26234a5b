package backup

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// A zstd frame of blocks that are not compressed (RFC 8878), little-endian:
//
//	magic, 4 bytes                                   FD2FB528
//	descriptor, 1 byte                               A4: a size of 4 bytes, no window, a checksum
//	size of the content, 4 bytes
//	blocks: header, 3 bytes, and at most 128 KiB     1 = last, 0 << 1 = raw, size << 3
//	checksum, 4 bytes                                of the content, lower half of its XXH64
const (
	zstdMagic       = 0xFD2FB528
	storeDescriptor = 2<<6 | 1<<5 | 1<<2
	storeBlock      = 128 << 10
)

// store appends a frame that holds content as it is.
func store(dst, content []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, zstdMagic)
	dst = append(dst, storeDescriptor)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(content)))
	sum := uint32(xxhash.Sum64(content))
	for last := false; !last; {
		block := content[:min(len(content), storeBlock)]
		content = content[len(block):]
		header := uint32(len(block)) << 3
		if last = len(content) == 0; last {
			header |= 1
		}
		dst = append(dst, byte(header), byte(header>>8), byte(header>>16))
		dst = append(dst, block...)
	}
	return binary.LittleEndian.AppendUint32(dst, sum)
}
