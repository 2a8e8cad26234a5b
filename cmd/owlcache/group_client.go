package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"owlcache/cmd/owlcache/internal/term"
)

// groupAnswer is what /server/ answers. Data is a member, an array of members or null.
type groupAnswer struct {
	Cmd     string
	Status  int
	Results string
	Address string
	Data    json.RawMessage
}

// groupState is what /admin/group answers, as far as it is shown.
type groupState struct {
	Mode     string        `json:"mode"`
	Owlcache []memberState `json:"owlcache"`
	Gossip   []string      `json:"gossip"`
}

type memberState struct {
	Address     string     `json:"address"`
	Self        bool       `json:"self"`
	State       string     `json:"state"`
	LastContact *time.Time `json:"last_contact"`
	LastError   string     `json:"last_error"`
	Requests    uint64     `json:"requests"`
	Errors      uint64     `json:"errors"`
	CacheHits   uint64     `json:"cache_hits"`
	Latency     struct {
		Count   uint64  `json:"count"`
		Seconds float64 `json:"seconds"`
	} `json:"latency"`
}

// path returns the URL of another path of the node than that of the data commands.
func (c *client) path(elem ...string) *url.URL { return c.base.JoinPath("..").JoinPath(elem...) }

// members logs in and sends a command about the list of members of a group.
func (c *client) members(ctx context.Context, cmd string, group groupType, params ...param) (groupAnswer, error) {
	token, err := c.logIn(ctx)
	if err != nil {
		return groupAnswer{}, err
	}
	params = append([]param{{"cmd", cmd}, {"token", token}, {"group_type", string(group)}}, params...)
	a, err := c.post(ctx, c.path("server/"), params)
	if err != nil {
		return groupAnswer{}, err
	}
	var g groupAnswer
	if err := json.Unmarshal(a.body, &g); err != nil || g.Results == "" {
		return groupAnswer{}, c.strange(a)
	}
	a.status = g.Status // of a node before 0.6 the HTTP status is always 200
	if a.status == http.StatusNotFound {
		return g, term.Exit(term.CodeNotFound, errors.New("no such member"))
	}
	return g, a.err()
}

// group logs in and asks for the state of the groups. raw is the JSON as it came.
func (c *client) group(ctx context.Context) (state groupState, raw []byte, err error) {
	token, err := c.logIn(ctx)
	if err != nil {
		return groupState{}, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.path("admin/group").String(), nil)
	if err != nil {
		return groupState{}, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	a, err := c.do(req)
	if err != nil {
		return groupState{}, nil, err
	}
	if a.status != http.StatusOK && a.status != http.StatusNotFound {
		return groupState{}, nil, a.err()
	}
	if err := json.Unmarshal(a.body, &state); err != nil || state.Mode == "" {
		return groupState{}, nil, fmt.Errorf("%s does not say how its group is, as an owlcache before 0.6 does not; \"owlcache group list\" works with these", c.base.Host)
	}
	return state, a.body, nil
}

// strange returns what to say of an answer that is not one of /server/.
func (c *client) strange(a answer) error {
	if err := a.err(); err != nil && a.status != http.StatusNotFound {
		return err
	}
	return fmt.Errorf("%s is no owlcache node", c.base.Host)
}
