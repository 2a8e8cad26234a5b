package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"owlcache/cmd/owlcache/internal/term"
)

// defaultConfigFile is read if it is there and no other file is named.
const defaultConfigFile = "owlcache.conf"

// configFlags are the flags that make up the last and strongest source.
type configFlags struct {
	file                       string
	host, log, pass, dir, port string
	set                        []string
}

// register adds the flags to a command.
func (f *configFlags) register(set *pflag.FlagSet) {
	set.StringVar(&f.file, "config", "", "configuration `file` (default owlcache.conf if it is there)")
	set.StringVar(&f.host, "host", "", "`address` to listen on (option Host)")
	set.StringVar(&f.port, "port", "", "HTTP `port` (option Httpport)")
	set.StringVar(&f.dir, "dir", "", "data `directory` (option DBfile)")
	set.StringVar(&f.log, "log", "", "log `file` or directory (option Logfile)")
	set.StringVar(&f.pass, "pass", "", "password (option Pass); every user of the machine can read it in the list of processes: prefer Pass_File")
	set.StringArrayVar(&f.set, "set", nil, "any option as `Name=value`, repeatable")
}

// assignments turns the flags that were given into assignments.
func (f *configFlags) assignments() []assignment {
	var list []assignment
	for _, a := range []assignment{
		{name: "Host", value: f.host, origin: "flag --host"},
		{name: "Httpport", value: f.port, origin: "flag --port"},
		{name: "DBfile", value: f.dir, origin: "flag --dir"},
		{name: "Logfile", value: f.log, origin: "flag --log"},
		{name: "Pass", value: f.pass, origin: "flag --pass"},
	} {
		if a.value != "" {
			list = append(list, a)
		}
	}
	for _, s := range f.set {
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

// loadConfig reads the configuration file, the environment and the flags. The
// error holds all that is wrong, and ends the program with the exit code for
// wrong usage.
func loadConfig(flags configFlags, env []string) (config, error) {
	table := options()
	path, data, err := readConfigFile(flags.file, lookupEnv(env, envConfig))
	if err != nil {
		return config{}, term.Usage(err)
	}
	c, errs := resolveConfig(table, parseConfigFile(path, data), parseEnv(table, env), flags.assignments())
	c.file = path
	if len(errs) == 0 {
		errs = c.checkFiles()
	}
	if len(errs) > 0 {
		return config{}, term.Usage(errors.Join(errs...))
	}
	return c, nil
}

// readConfigFile reads the file that the flag or else the environment names, or
// else the one in the working directory. The path is empty if there is none.
func readConfigFile(flag, env string) (path string, data []byte, err error) {
	path, by := flag, "flag --config"
	if path == "" {
		path, by = env, "environment "+envConfig
	}
	if path == "" {
		data, err = os.ReadFile(defaultConfigFile)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, nil
		}
		path, by = defaultConfigFile, "configuration"
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", by, err)
	}
	return path, data, nil
}

// checkFiles finds what is wrong with files that the configuration names.
func (c *config) checkFiles() []error {
	var errs []error
	if c.text("Pass_File") != "" {
		if _, err := c.passwordFromFile(); err != nil {
			errs = append(errs, err)
		}
	}
	if c.on("GroupDataSync") {
		if _, err := c.syncKey(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
