package partition

import (
	"cmp"
	"fmt"
)

// writeVersion is the version of a write as owlcache shows it: milliseconds.counter@node,
// the node in hexadecimal. The zero value is before all.
type writeVersion struct{ millis, counter, node uint64 }

func parseWriteVersion(s string) (v writeVersion, err error) {
	if n, err := fmt.Sscanf(s, "%d.%d@%x", &v.millis, &v.counter, &v.node); n != 3 || err != nil {
		return v, fmt.Errorf("version %q: want milliseconds.counter@node", s)
	}
	return v, nil
}

// compare returns -1, 0 or +1 as v is before, the same as or after o.
func (v writeVersion) compare(o writeVersion) int {
	return cmp.Or(cmp.Compare(v.millis, o.millis), cmp.Compare(v.counter, o.counter), cmp.Compare(v.node, o.node))
}

func (v writeVersion) String() string { return fmt.Sprintf("%d.%d@%x", v.millis, v.counter, v.node) }
