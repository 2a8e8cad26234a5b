// Package cpu keeps servers and load apart: Choose gives each a CPU of its own, if
// there are two. Start starts a program on one CPU, PinThread keeps the calling
// thread on it. Where the system is not Linux, all run on any CPU.
package cpu
