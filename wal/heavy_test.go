//go:build heavy

package wal_test

// rounds is how many workloads TestCrashStates tries.
const rounds = 8
