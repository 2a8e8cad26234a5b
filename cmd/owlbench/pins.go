package main

// pins says on which CPUs the two sides of a measurement run.
type pins struct {
	server, load int // noCPU when they share all
}

// choosePins gives server and load a CPU each, if there are two.
func choosePins() pins {
	cpus := usableCPUs()
	if len(cpus) < 2 {
		return pins{server: noCPU, load: noCPU}
	}
	return pins{server: cpus[0], load: cpus[1]}
}

// apart tells whether each has a CPU of its own.
func (p pins) apart() *bool {
	apart := p.server != noCPU
	return &apart
}
