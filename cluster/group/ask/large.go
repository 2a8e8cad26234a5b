package ask

import "sync"

// maxLargeKeys is how many keys are remembered for their large values.
const maxLargeKeys = 256

// largeKeys remembers keys whose values a member cannot send in a message, so that they
// do not cross the network twice each time. The zero value is empty and ready.
type largeKeys struct {
	mu   sync.Mutex // protects keys
	keys map[string]struct{}
}

func (l *largeKeys) has(key []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.keys[string(key)]
	return ok
}

// add remembers key. If there are too many, another one is forgotten.
func (l *largeKeys) add(key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]struct{}{}
	}
	l.keys[string(key)] = struct{}{}
	for other := range l.keys {
		if len(l.keys) <= maxLargeKeys {
			return
		}
		delete(l.keys, other)
	}
}

func (l *largeKeys) remove(key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, string(key))
}
