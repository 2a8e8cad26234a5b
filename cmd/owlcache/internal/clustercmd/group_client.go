package clustercmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/client"
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

// changeList logs in and sends a command about the list of members of a group.
func changeList(ctx context.Context, c *client.Client, cmd string, group string, params ...client.Param) (groupAnswer, error) {
	token, err := c.LogIn(ctx)
	if err != nil {
		return groupAnswer{}, err
	}
	params = append([]client.Param{{Name: "cmd", Value: cmd}, {Name: "token", Value: token}, {Name: "group_type", Value: group}}, params...)
	a, err := c.Post(ctx, c.Path("server/"), params)
	if err != nil {
		return groupAnswer{}, err
	}
	var g groupAnswer
	if err := json.Unmarshal(a.Body, &g); err != nil || g.Results == "" {
		return groupAnswer{}, c.Foreign(a)
	}
	a.Status = g.Status // of a node before 0.6 the HTTP status is always 200
	if a.Status == http.StatusNotFound {
		return g, term.Exit(term.CodeNotFound, errors.New("no such member"))
	}
	return g, a.Err()
}

// askGroups logs in and asks for the state of the groups. raw is the JSON as it came.
func askGroups(ctx context.Context, c *client.Client) (state status.Groups, raw []byte, err error) {
	resp, err := client.NewSession(c, "").Get(ctx, "admin/group", "")
	if err != nil {
		return status.Groups{}, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	a, err := c.Read(resp)
	if err != nil {
		return status.Groups{}, nil, err
	}
	if a.Status != http.StatusOK && a.Status != http.StatusNotFound {
		return status.Groups{}, nil, a.Err()
	}
	if err := json.Unmarshal(a.Body, &state); err != nil || state.Mode == "" {
		return status.Groups{}, nil, fmt.Errorf("%s does not say how its group is, as an owlcache before 0.6 does not; \"owlcache group list\" works with these", c.Host())
	}
	return state, a.Body, nil
}
