package load

import (
	"context"
	"time"
)

// Pause waits, unless ctx ends before.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Every calls f at once and then every d, until end is called or f fails. end waits for
// it, and returns its error.
func Every(ctx context.Context, d time.Duration, f func() error) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = f()
			Pause(ctx, d)
		}
		ended <- err
	}()
	return func() error {
		cancel()
		return <-ended
	}
}
