// Package localdir is the data directory that a command works on: how it is named on the command
// line, and the damage that is met while it is read.
//
//	var flags localdir.Flags
//	flags.Register(cmd)                            // --dir, --config, -o
//	dir, err := flags.Path(p, args)                // DIR, --dir, or that of the configuration
//
//	damage := localdir.Damage{Dir: dir}
//	v, err := view.Open(ctx, dir, view.Options{Damaged: damage.Add})
//	return damage.Result(err)                      // names the places, with the exit code for damage
package localdir
