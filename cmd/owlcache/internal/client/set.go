package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// maxDays is far beyond any use and keeps durations away from overflow.
const maxDays = 36500

func setCommand(p *term.Process) *cobra.Command {
	var ttl string
	cmd := &cobra.Command{
		Use:     "set KEY [VALUE|-]",
		Short:   "Store a value; without one, or with -, that of the standard input",
		Example: "  owlcache set greeting hello --ttl 10m\n  owlcache set picture < owl.png",
		Args:    cobra.RangeArgs(1, 2),
	}
	cmd.Flags().StringVar(&ttl, "ttl", "", "`time` to live: 10s, 1h30m, 7d, or seconds (default: no expiry)")
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		params := []Param{{"key", args[0]}}
		if ttl != "" {
			exptime, err := parseTTL(ttl)
			if err != nil {
				return err
			}
			params = append(params, Param{"exptime", exptime})
		}
		value, err := value(p, args)
		if err != nil {
			return err
		}
		a, err := c.Write(ctx, "set", append(params, Param{"valuedata", value})...)
		if err != nil {
			return err
		}
		return report(p, a, out)
	})
}

// value returns the value that the arguments of set give, or standard input.
func value(p *term.Process, args []string) (string, error) {
	if len(args) == 2 && args[1] != "-" {
		return args[1], nil
	}
	data, err := io.ReadAll(io.LimitReader(p.Stdin, engine.MaxValueSize+1))
	if err != nil {
		return "", fmt.Errorf("reading the value: %w", err)
	}
	if len(data) > engine.MaxValueSize {
		return "", fmt.Errorf("the value is larger than %s, the most that a node takes", config.FormatSize(engine.MaxValueSize))
	}
	return string(data), nil
}

// parseTTL turns a duration or a number of seconds into the parameter exptime:
// seconds, with decimals if need be.
func parseTTL(s string) (string, error) {
	d, err := parseDays(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d < 0 {
		return "", term.Usage(fmt.Errorf("time %q: want a duration like 10s, 1h30m or 7d, or seconds", s))
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64), nil
}

// parseDays is time.ParseDuration with days, which come first: 7d, 1d12h.
func parseDays(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil || strings.Trim(days, "0123456789.") != "" || n > maxDays {
		return 0, errors.New("not a number of days")
	}
	d := time.Duration(n * 24 * float64(time.Hour))
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}
