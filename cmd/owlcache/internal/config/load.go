package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// DefaultFile is read if it is there and no other file is named.
const DefaultFile = "owlcache.conf"

// Flags are the flags that make up the last and strongest source.
type Flags struct {
	File                       string
	Host, Log, Pass, Dir, Port string
	Set                        []string
}

// Register adds the flags to a command, and lets the shell complete the names of options
// behind --set.
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
	for _, o := range Options() {
		names = append(names, o.Name+"=\t"+o.Help)
	}
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// assignments turns the flags that were given into assignments.
func (f *Flags) assignments() []Assignment {
	var list []Assignment
	for _, a := range []Assignment{
		{Name: "Host", Value: f.Host, Origin: "flag --host"},
		{Name: "Httpport", Value: f.Port, Origin: "flag --port"},
		{Name: "DBfile", Value: f.Dir, Origin: "flag --dir"},
		{Name: "Logfile", Value: f.Log, Origin: "flag --log"},
		{Name: "Pass", Value: f.Pass, Origin: "flag --pass"},
	} {
		if a.Value != "" {
			list = append(list, a)
		}
	}
	for _, s := range f.Set {
		name, value, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		a := Assignment{Name: name, Value: strings.TrimSpace(value), Origin: "flag --set " + name}
		if !ok || name == "" {
			a = Assignment{Origin: "flag --set", Err: errors.New("want Name=value")}
		}
		list = append(list, a)
	}
	return list
}

// Load reads the configuration file, the environment and the flags. The
// error holds all that is wrong, and ends the program with the exit code for
// wrong usage.
func Load(flags Flags, env []string) (Config, error) {
	table := Options()
	path, data, err := readFile(flags.File, LookupEnv(env, envConfig))
	if err != nil {
		return Config{}, term.Usage(err)
	}
	c, errs := Resolve(table, ParseFile(path, data), parseEnv(table, env), flags.assignments())
	c.file = path
	if len(errs) == 0 {
		errs = c.checkFiles()
	}
	if len(errs) > 0 {
		return Config{}, term.Usage(errors.Join(errs...))
	}
	return c, nil
}

// readFile reads the file that the flag or else the environment names, or
// else the one in the working directory. The path is empty if there is none.
func readFile(flag, env string) (path string, data []byte, err error) {
	path, by := flag, "flag --config"
	if path == "" {
		path, by = env, "environment "+envConfig
	}
	if path == "" {
		data, err = os.ReadFile(DefaultFile)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, nil
		}
		path, by = DefaultFile, "configuration"
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", by, err)
	}
	return path, data, nil
}

// checkFiles finds what is wrong with files that the configuration names.
func (c *Config) checkFiles() []error {
	var errs []error
	if c.Text("Pass_File") != "" {
		if _, err := c.passwordFromFile(); err != nil {
			errs = append(errs, err)
		}
	}
	if c.On("GroupDataSync") {
		if _, err := c.SyncKey(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Parse reads a configuration file alone. The configuration is complete also where something
// is wrong.
func Parse(path string, data []byte) (Config, []error) {
	return Resolve(Options(), ParseFile(path, data))
}
