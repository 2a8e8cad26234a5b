// Package group is owlbench group: what it costs to ask an owlcache group. Two
// members stand behind proxies, which count requests and may hold back answers; a
// third node is asked. It is measured with all answers known to it, with none
// known, and with many clients at once.
package group
