package cpu

// Any stands for: on any CPU.
const Any = -1

// Pins says on which CPUs the two sides of a measurement run.
type Pins struct {
	Server, Load int // Any when they share all
}

// Choose gives server and load a CPU each, if there are two.
func Choose() Pins {
	cpus := usableCPUs()
	if len(cpus) < 2 {
		return Pins{Server: Any, Load: Any}
	}
	return Pins{Server: cpus[0], Load: cpus[1]}
}

// Apart tells whether each has a CPU of its own.
func (p Pins) Apart() *bool {
	apart := p.Server != Any
	return &apart
}
