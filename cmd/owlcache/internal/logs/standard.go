package logs

import (
	"bytes"
	"log" //nolint:depguard // it is what libraries write to
	"log/slog"
)

// DivertStandard has lines that libraries write to the log of the standard library go to
// logger, for those who look closely. They would go to the standard error as they are: net/http
// quotes servers there that speak unasked, and knows no other place.
func DivertStandard(logger *slog.Logger) (restore func()) {
	writer, flags := log.Writer(), log.Flags()
	log.SetOutput(libraryLines{logger})
	log.SetFlags(0)
	return func() {
		log.SetOutput(writer)
		log.SetFlags(flags)
	}
}

// libraryLines takes lines of libraries. What they quote is somebody else's text and left out.
type libraryLines struct{ to *slog.Logger }

func (l libraryLines) Write(line []byte) (int, error) {
	const most = 256 // bytes
	text, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(`"`))
	l.to.Debug("a library says", "text", string(text[:min(len(text), most)]))
	return len(line), nil
}
