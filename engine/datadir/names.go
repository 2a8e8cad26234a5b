package datadir

// The names of everything in a data directory.
const (
	LockFile     = "LOCK"
	NodeFile     = "node.json"
	SecretFile   = "secret.json"
	SnapshotFile = "owlcache.db"
	LogDir       = "wal"

	GroupFile  = "server_group_config.json"
	GossipFile = "server_group_gossip_config.json"
	PeersFile  = "peers.json"
	SitesFile  = "sites.xml"

	// LegacyAuthFile holds the log-ins of a 0.5.1 node.
	LegacyAuthFile = "auth.db"
	// LegacySuffix is added to the name of a file that was taken over.
	LegacySuffix = ".legacy"
	// TmpSuffix marks a file that is being written. Open removes what is left of them.
	TmpSuffix = ".tmp"
)
