// Package cpu keeps servers and load apart: Choose gives each a CPU of its own, if
// there are two. Run runs a function, and the programs that it starts, on one CPU.
// Where the system is not Linux, all run on any CPU.
package cpu
