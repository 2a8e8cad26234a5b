package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"owlcache/api/classic"
	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/term"
)

// openLists reads the lists of members. A file with a mistake is one of the
// configuration: it is for the operator to correct.
func (s *Server) openLists(context.Context) error {
	lists, err := cluster.OpenLists(s.dir, cluster.ListOptions{Logger: s.logs.Logger})
	if _, mistake := errors.AsType[*cluster.FileError](err); mistake {
		return term.Usage(errors.Join(err, errors.New("correct the file, or remove it to start without members")))
	}
	s.lists = lists
	return err
}

// memberList is a cluster.List as api wants it.
type memberList struct{ *cluster.List }

func (l memberList) Find(address string) (string, error) {
	a, err := cluster.ParseAddress(address)
	if err != nil {
		return "", unknownMember(err)
	}
	if !l.Has(a) {
		return "", classic.ErrUnknownMember
	}
	return a, nil
}

func (l memberList) Add(address string) (member string, isNew bool, err error) {
	member, isNew, err = l.List.Add(address)
	return member, isNew, listError(err)
}

func (l memberList) Remove(address string) (member string, err error) {
	member, err = l.List.Remove(address)
	if errors.Is(err, cluster.ErrAddress) {
		return "", unknownMember(err)
	}
	return member, listError(err)
}

func unknownMember(err error) error { return fmt.Errorf("%w: %w", classic.ErrUnknownMember, err) }

// listError translates what a list answers. Paths are for the operator, not for clients.
func listError(err error) error {
	switch {
	case errors.Is(err, cluster.ErrUnknownMember):
		return classic.ErrUnknownMember
	case errors.Is(err, cluster.ErrAddress), errors.Is(err, cluster.ErrListFull), errors.Is(err, cluster.ErrFileGone):
		return &classic.MemberError{Reason: err.Error()}
	}
	if mistake, ok := errors.AsType[*cluster.FileError](err); ok {
		named := *mistake
		named.Path = filepath.Base(named.Path)
		return &classic.MemberError{Reason: named.Error() + ": correct the file on the node first"}
	}
	return err
}
