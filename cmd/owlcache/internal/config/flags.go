package config

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// Flags are the flags that make up the last and strongest source.
type Flags struct {
	File                       string
	Host, Log, Pass, Dir, Port string
	Set                        []string
}

// Register adds the flags to a command. The shell completes the names of options behind --set.
func (f *Flags) Register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.File, "config", "", "configuration `file` (default owlcache.conf if it is there)")
	set.StringVar(&f.Host, "host", "", "`address` to listen on (option Host)")
	set.StringVar(&f.Port, "port", "", "HTTP `port` (option Httpport)")
	set.StringVar(&f.Dir, "dir", "", "data `directory` (option DBfile)")
	set.StringVar(&f.Log, "log", "", "log `file` or directory (option Logfile)")
	set.StringVar(&f.Pass, "pass", "", "password (option Pass); every user of the machine can read it in the list of processes: prefer Pass_File")
	set.StringArrayVar(&f.Set, "set", nil, "any option as `Name=value`, repeatable")
	var names []string
	for _, o := range new(Config).options() {
		names = append(names, o.Name+"=\t"+o.Help)
	}
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

func (f *Flags) assignments() []assignment {
	var list []assignment
	for _, a := range []assignment{
		{name: "Host", value: f.Host, origin: "flag --host"},
		{name: "Httpport", value: f.Port, origin: "flag --port"},
		{name: "DBfile", value: f.Dir, origin: "flag --dir"},
		{name: "Logfile", value: f.Log, origin: "flag --log"},
		{name: "Pass", value: f.Pass, origin: "flag --pass"},
	} {
		if a.value != "" {
			list = append(list, a)
		}
	}
	for _, s := range f.Set {
		name, value, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		a := assignment{name: name, value: strings.TrimSpace(value), origin: "flag --set " + name}
		if !ok || name == "" {
			a = assignment{origin: "flag --set", err: errors.New("want Name=value")}
		}
		list = append(list, a)
	}
	return list
}
