// Package inspect is the command inspect: it shows what is in a data directory, of a stopped or a
// running node, and changes nothing.
//
//	root.AddCommand(inspect.Command(p, time.Now))
//
// Each command below it has a file: its flags, what it does, and what it prints. All of them run in
// command.run (command.go), which opens nothing: it gives an inspector, whose withView opens the directory as it is
// at one moment. What is damaged there is left out, named at the end, and decides the exit code.
//
// An overview is put together first (overview.go, groups.go) and then shown, for people
// (screen.go, warnings.go) or for programs (jsonOverview). Operations of the log are printed by an
// opPrinter (ops.go), also those of a key's history.
package inspect
