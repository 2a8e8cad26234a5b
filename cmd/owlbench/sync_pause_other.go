//go:build !unix

package main

import "errors"

var errNoPause = errors.New("a process cannot be stopped for a while on this system")

func (p *process) pause() error { return errNoPause }

func (p *process) resume() error { return errNoPause }
