package main

import (
	"encoding/gob"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptLegacy writes the owlcache.db of a 0.5.1 node, with the keys "plain",
// "expiring" (in an hour) and "expired": legacy FILE
func scriptLegacy(ts *testscript.TestScript, _ bool, args []string) {
	type KvStore struct { // the name and fields that a 0.5.1 node writes
		Key        string
		Value      []byte
		LifeTime   time.Duration
		CreateTime time.Time
	}
	now := time.Now()
	list := []*KvStore{
		{Key: "plain", Value: []byte("one"), CreateTime: now.Add(-24 * time.Hour)},
		{Key: "expiring", Value: []byte("two"), LifeTime: 2 * time.Hour, CreateTime: now.Add(-time.Hour)},
		{Key: "expired", Value: []byte("three"), LifeTime: time.Second, CreateTime: now.Add(-time.Hour)},
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(gob.NewEncoder(f).Encode(&list))
	ts.Check(f.Close())
}
