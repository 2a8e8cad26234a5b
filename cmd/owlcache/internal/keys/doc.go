// Package keys is what commands say of keys: their form in JSON, and how many keys have a prefix.
//
//	rule := keys.Rule{Delimiter: []byte(":"), Depth: 1}
//	rule.Of([]byte("user:1:name"))                 // user:
//
//	groups := keys.NewGroups(rule, done)           // done is given each Count when it is final
//	groups.Add(key, size)                          // for all keys, in their order
//	groups.End()
package keys
