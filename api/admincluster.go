package api

import (
	"encoding/json"
	"time"
)

// clusterJSON is the answer of /admin/cluster while data sync is on.
type clusterJSON struct {
	DataSync   bool             `json:"data_sync"`
	Node       string           `json:"node"`
	Address    string           `json:"address"`
	Synced     bool             `json:"synced"`
	LastMatch  *time.Time       `json:"last_match"` // null: none since the start
	Removed    bool             `json:"removed"`
	InboxBytes int64            `json:"inbox_bytes"`
	Peers      []syncPeerJSON   `json:"peers"`
	Counters   syncCountersJSON `json:"counters"`
}

type syncPeerJSON struct {
	Node       string     `json:"node"`
	Address    string     `json:"address"`
	State      string     `json:"state"`
	Since      *time.Time `json:"since"`
	LastMatch  *time.Time `json:"last_match"`
	SkewMillis int64      `json:"skew_ms"`
	TCPOnly    bool       `json:"tcp_only"`
	QueueBytes int64      `json:"queue_bytes"`
	Pushed     uint64     `json:"pushed"`
	Dropped    uint64     `json:"dropped"`
	Sent       uint64     `json:"sent"`
	LastError  string     `json:"last_error,omitempty"`
}

// syncCountersJSON has the fields of SyncCounters, in their order.
type syncCountersJSON struct {
	Received    uint64 `json:"received"`
	Merged      uint64 `json:"merged"`
	Healed      uint64 `json:"healed"`
	Stale       uint64 `json:"stale"`
	Skewed      uint64 `json:"skewed"`
	Invalid     uint64 `json:"invalid"`
	Overflow    uint64 `json:"overflow"`
	Forgotten   uint64 `json:"forgotten"`
	Rounds      uint64 `json:"rounds"`
	Aborted     uint64 `json:"aborted"`
	Matches     uint64 `json:"matches"`
	Differs     uint64 `json:"differs"`
	BadFrames   uint64 `json:"bad_frames"`
	BadMessages uint64 `json:"bad_messages"`
	Refused     uint64 `json:"refused"`
}

// serveAdminCluster serves /admin/cluster.
func (s *Server) serveAdminCluster(x *exchange) {
	if s.gate.wait() == nil {
		x.refuse(refusal{status: 503, reason: s.notServing(), retryAfter: 1})
		return
	}
	sync := s.dataSync()
	if sync == nil {
		x.answerJSON(struct {
			DataSync bool `json:"data_sync"`
		}{})
		return
	}
	status := sync.Status()
	x.answerJSON(status.json())
}

func (st *SyncStatus) json() clusterJSON {
	j := clusterJSON{
		DataSync: true, Node: st.Node, Address: st.Address, Synced: st.Synced, LastMatch: utcOrNil(st.LastMatch),
		Removed: st.Removed, InboxBytes: st.InboxBytes, Peers: []syncPeerJSON{}, Counters: syncCountersJSON(st.Counters),
	}
	for i := range st.Peers {
		j.Peers = append(j.Peers, st.Peers[i].json())
	}
	return j
}

func (p *SyncPeer) json() syncPeerJSON {
	return syncPeerJSON{
		Node: p.Node, Address: p.Address, State: p.State, Since: utcOrNil(p.Since), LastMatch: utcOrNil(p.LastMatch),
		SkewMillis: p.Skew.Milliseconds(), TCPOnly: p.TCPOnly, QueueBytes: p.Queue,
		Pushed: p.Pushed, Dropped: p.Dropped, Sent: p.Sent, LastError: p.LastError,
	}
}

// utcOrNil returns t in UTC, nil for never.
func utcOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// answerJSON answers v, which is of this moment.
func (x *exchange) answerJSON(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		x.srv.opts.Logger.Error("request failed", "path", string(x.ctx.Path()), "err", err)
		x.refuse(refusal{status: 500, reason: reasonInternal})
		return
	}
	x.ctx.Response.Header.Set("Cache-Control", "no-store")
	x.ctx.SetContentType(typeJSON)
	x.ctx.SetBody(append(body, '\n'))
}
