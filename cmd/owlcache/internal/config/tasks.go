package config

import "time"

// Logs is what is logged, and where to.
type Logs struct {
	File   string // or directory; "": standard error only
	Level  string
	Access bool
}

func (l *Logs) options() []Option {
	return []Option{
		{Name: "Logfile", kind: text(&l.File), Help: "log file or directory; empty = standard error only"},
		{Name: "Log_Level", Default: "info", kind: choice(&l.Level, "debug", "info", "warn", "error"), Help: "least level that is logged"},
		{Name: "AccessLog", Default: "0", kind: toggle(&l.Access), Help: "1 logs each request"},
	}
}

// Tasks is what runs in the background.
type Tasks struct {
	Checkpoint time.Duration // 0: by size only
	Sweep      time.Duration
	MemoryLine time.Duration // 0: none
	LogSuccess bool
}

func (t *Tasks) options() []Option {
	return []Option{
		{Name: "Task_DataBackup", Default: "1", kind: span(&t.Checkpoint, "min", 0, maxMinutes), Help: "time between checkpoints; 0 = by size only"},
		{Name: "Task_DataAuthBackup", Default: "1", kind: span(new(time.Duration), "min", 0, maxMinutes), Obsolete: true, Help: "no effect, accepted for older files"},
		{Name: "Task_ClearExpireData", Default: "1", kind: span(&t.Sweep, "min", 1, maxMinutes), Help: "time between sweeps of expired keys"},
		{Name: "Task_ServerListBackup", Default: "1", kind: span(new(time.Duration), "min", 0, maxMinutes), Obsolete: true, Help: "no effect, accepted for older files"},
		{Name: "Task_ServerGossipListBackup", Default: "1", kind: span(new(time.Duration), "min", 0, maxMinutes), Obsolete: true, Help: "no effect, accepted for older files"},
		{Name: "Task_MemoryInfoToLog", Default: "1", kind: span(&t.MemoryLine, "min", 0, maxMinutes), Help: "time between memory lines in the log; 0 = none"},
		{Name: "Task_OutputSuccessLog", Default: "0", kind: toggle(&t.LogSuccess), Help: "1 logs background tasks that went well too"},
	}
}
