// Package config is the configuration of a node: what owlcache.conf, the environment and the
// flags say, laid over the defaults. No other package knows that file.
//
//	var flags config.Flags
//	flags.Register(cmd)                      // --config, --host, …, --set
//	c, err := config.Load(flags, p.Env)      // all that is wrong, in one error of wrong usage
//	c.Listen.HTTPPort                        // a field
//	c.Setting(&c.Listen.HTTPPort).Origin     // where its value comes from
//
// Config has a part for each subject; beside the type of a part stands its piece of the table of
// options, which names each option once, with its default, its kind, one line of help, and the field
// that it is read into. docs/configuration.md, owlcache.conf and "config print" are checked
// against the table.
//
// Sources win in the order default, file, environment, flag. A mistake is reported also where
// another source overrides it. Secrets are never printed and never part of an error.
package config
