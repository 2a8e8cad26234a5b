// Package tools is owlbench tools: the speed and the memory of the commands that
// work on a data directory, against cat, which reads the same files and does
// nothing with them.
package tools
