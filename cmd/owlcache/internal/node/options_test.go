package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/cmd/owlcache/internal/config"
)

// What the packages behind the configuration default to is what it says itself.
func TestDefaultsReachTheServer(t *testing.T) {
	c, _ := config.Parse("f", nil)
	a, e := apiOptions(c), engineOptions(c)
	if a.ReadTimeout != 30*time.Second || a.IdleTimeout != 2*time.Minute || a.MaxConns != 10000 || a.MaxConnsPerIP != 2000 || a.MaxHeaderSize != 32<<10 || a.MaxBodyMemory != 256<<20 {
		t.Errorf("options of the HTTP side: %+v", a)
	}
	if e.MaxValueSize != 16<<20 || e.SegmentSize != 64<<20 || e.CheckpointLogBytes != 64<<20 || e.Sync != "always" || e.CheckpointInterval != time.Minute || e.SweepInterval != time.Minute || e.TombstoneGrace != 0 {
		t.Errorf("options of the store: %+v", e)
	}
}

func FuzzValidConfigurationStarts(f *testing.F) {
	all, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "owlcache.conf"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(all)
	f.Add([]byte("\ufeff# c\r\n[H]\nHost 127.0.0.1\nPass\nMaxValueSize 1MiB\nHttpport 70000\n\xff\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, errs := config.Parse("f", data)
		if len(errs) > 0 {
			return
		}
		o := apiOptions(c)
		o.Password, o.TokenSecret = "any", make([]byte, 32)
		if _, err := api.New(o); err != nil {
			t.Fatalf("a valid configuration is refused at the start: %v", err)
		}
	})
}
