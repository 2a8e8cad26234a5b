package node

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"owlcache/api/classic"
	"owlcache/cluster"
	"owlcache/engine/datadir"
)

// What a list refuses reaches clients with its reason and without paths.
func TestMemberListErrors(t *testing.T) {
	d, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	lists, err := cluster.OpenLists(d, cluster.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := memberList{lists.Owlcache}
	for _, wantNew := range []bool{true, false} {
		if member, isNew, err := l.Add("Node:1"); err != nil || member != "node:1" || isNew != wantNew {
			t.Fatalf("Add: %q, %v, %v", member, isNew, err)
		}
	}
	if a, err := l.Find("nODE:01"); a != "node:1" || err != nil {
		t.Errorf("Find: %q, %v", a, err)
	}
	_, notThere := l.Find("node:2")
	_, noAddress := l.Find("node")
	_, notRemoved := l.Remove("node:2")
	_, removeNone := l.Remove("node")
	for name, err := range map[string]error{"Find": notThere, "Find of no address": noAddress, "Remove": notRemoved, "Remove of no address": removeNone} {
		if !errors.Is(err, classic.ErrUnknownMember) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(noAddress.Error(), "there is no port") {
		t.Errorf("Find: %v", noAddress)
	}
	_, _, bad := l.Add("node")
	if refused, ok := errors.AsType[*classic.MemberError](bad); !ok || !strings.Contains(refused.Reason, "there is no port") {
		t.Errorf("Add: %v", bad)
	}
	// Each says one thing to do.
	if err := os.Remove(d.File(datadir.GroupFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Add("other:1"); err == nil || err.Error() != "the file of the list has just gone: try again in a few seconds" {
		t.Errorf("the file has gone: %v", err)
	}
	for _, err := range []error{listError(&cluster.FileError{Path: "/secret/list.json", Line: 3, Column: 4, Err: errors.New("x")}), listError(cluster.ErrListFull)} {
		if refused, ok := errors.AsType[*classic.MemberError](err); !ok || strings.Contains(refused.Reason, "secret") {
			t.Errorf("%v", err)
		}
	}
	if err := listError(fs.ErrPermission); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a disk error became %v", err)
	}
}
