package api

// command is one command of /data/.
type command struct {
	name   string
	access access
	raw    bool // answers the bare value, not an envelope
	keyed  bool // needs a key
	run    func(*exchange, Store) error
	index  int // among all commands, for counting
}

// commands is the one place where commands are named.
func commands() []command {
	return []command{
		{name: "get", access: accessPublic, raw: true, keyed: true, run: runGet},
		{name: "exist", access: accessPublic, keyed: true, run: runExist},
		{name: "set", access: accessToken, keyed: true, run: runSet},
		{name: "expire", access: accessToken, keyed: true, run: runExpire},
		{name: "delete", access: accessToken, keyed: true, run: runDelete},
		{name: "pass", access: accessLogin, run: runPass},
		{name: "ping", access: accessPublic, raw: true, run: runPing},
		{name: unknownName, access: accessPublic, run: runUnknown},
	}
}

// unknownName is what every unknown command is counted and logged as. It is none
// that could be sent: indexCommands leaves it out.
const unknownName = "unknown"

// indexCommands makes the table searchable and returns the unknown command apart.
func indexCommands(table []command) (known map[string]*command, unknown *command) {
	known = make(map[string]*command, len(table))
	for i := range table {
		c := &table[i]
		c.index = i
		if c.name == unknownName {
			unknown = c
			continue
		}
		known[c.name] = c
	}
	return known, unknown
}

// serveData serves /data/.
func serveData(x *exchange) {
	store := x.srv.gate.wait()
	if store == nil {
		x.refuse(refusal{status: 503, reason: x.srv.notServing(), retryAfter: 1})
		return
	}
	paramErr := x.readParams()
	x.cmd = x.srv.commands[string(x.params.cmd)]
	if x.cmd == nil {
		x.cmd = x.srv.unknown
	}
	if err := x.run(store, paramErr); err != nil {
		x.fail(err)
	}
}

// run checks what all commands have in common and runs this one.
func (x *exchange) run(store Store, paramErr error) error {
	if paramErr != nil {
		return paramErr
	}
	if !x.mayUse(x.cmd.access) {
		return errNoToken
	}
	if x.cmd.keyed {
		if err := checkKey(x.params.key); err != nil {
			return err
		}
	}
	return x.cmd.run(x, store)
}

// mayUse tells whether the client may use what has this class of access.
func (x *exchange) mayUse(a access) bool {
	switch a {
	case accessPublic, accessLogin:
		return true
	case accessToken:
		return x.authorised()
	}
	return false
}

// runUnknown answers a command that does not exist.
func runUnknown(*exchange, Store) error { return errUnknownCommand }

// cmdName names the command for logs and metrics, in a bounded set of words.
func (x *exchange) cmdName() string {
	if x.cmd == nil {
		return ""
	}
	return x.cmd.name
}

// raw answers bare bytes.
func (x *exchange) raw(status int, contentType string, body []byte, created int64) {
	x.setDataHeaders(created)
	x.ctx.SetStatusCode(status)
	x.ctx.SetContentType(contentType)
	x.ctx.SetBody(body)
}
