package engine

import (
	"fmt"
	"strings"
	"time"

	"owlcache/engine/internal/legacy"
)

func cutList() []*legacy.Entry {
	created := time.Now().UTC().Add(-time.Hour).Round(0)
	list := []*legacy.Entry{
		{Key: "ttl", Value: []byte("2"), CreateTime: created, LifeTime: 2 * time.Hour},
		{Key: "long", Value: []byte(strings.Repeat("v", 300)), CreateTime: created},
		{Key: "negative", Value: []byte("2"), CreateTime: created, LifeTime: -time.Minute},
		{},
	}
	for i := range 60 {
		list = append(list, &legacy.Entry{Key: fmt.Sprint("key", i), Value: []byte("v"), CreateTime: created})
	}
	return list
}
