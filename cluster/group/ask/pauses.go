package ask

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pauseJitter is how far a pause may be from its middle, as a part of it, so that nodes
// that have lost one member together do not come back together.
const pauseJitter = 0.2

// pauses are the times to wait before connecting again: longer after each failure, all
// of them within two bounds.
type pauses struct {
	least, longest time.Duration
	back           *backoff.ExponentialBackOff
}

func newPauses(least, longest time.Duration) *pauses {
	p := &pauses{least: least, longest: longest, back: &backoff.ExponentialBackOff{
		// The middles are chosen such that the jitter stays within the bounds.
		InitialInterval:     time.Duration(float64(least) / (1 - pauseJitter)),
		MaxInterval:         time.Duration(float64(longest) / (1 + pauseJitter)),
		Multiplier:          backoff.DefaultMultiplier,
		RandomizationFactor: pauseJitter,
	}}
	p.reset()
	return p
}

// next returns the pause after one more failure. Bounds that leave no room for the jitter
// cut it off.
func (p *pauses) next() time.Duration {
	return min(max(p.back.NextBackOff(), p.least), p.longest)
}

// reset begins anew, after a success.
func (p *pauses) reset() { p.back.Reset() }
