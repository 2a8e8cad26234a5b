// Package partition is owlbench partition: nodes with data sync, each in a network
// name space of its own. A trial cuts the network between them while all are
// written to and read, heals it, and waits until they agree.
//
// What is right is known from two sides: the sessions of the clients say what was
// answered, the logs of the nodes say which version each write got. truth puts them
// together, and checks what every client has seen and what every node holds.
//
// The command starts itself again in name spaces of its own (isolate), so that no
// process and no network stays when it ends, however it ends. It needs Linux, root
// and the program ip.
package partition
