// Package config is the configuration of a node: what owlcache.conf, the environment and the
// flags say, laid over the defaults. No other package knows that file.
//
//	var flags config.Flags
//	flags.Register(cmd)                      // --config, --host, …, --set
//	c, err := config.Load(flags, p.Env)      // all that is wrong, in one error of wrong usage
//
// The table of options names every option once, with its default, its range and one line of help.
// docs/configuration.md and owlcache.conf are checked against it. Sources win in the order default,
// file, environment, flag; a mistake is reported also where another source overrides it. Each value
// keeps its origin. Secrets are never printed and never part of an error.
package config
