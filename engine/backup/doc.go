// Package backup writes the data directory of a node, stopped or running, into one
// archive, and makes a data directory of such an archive again.
//
//	m, err := backup.Write(ctx, dir, w, backup.Options{}) // a point in time; the node goes on writing
//	m, err := backup.Verify(ctx, file, size, nil)         // reads all, writes nothing
//	r, err := backup.Restore(ctx, file, dir, backup.RestoreOptions{})
//
// # Format
//
// An archive is a zstd stream of independent frames, 4 MiB of content each and all
// with a checksum; in it a tar file of regular files, in this order:
//
//	node.json …          the files beside the data, each if it is there: node.json, secret.json,
//	                     server_group_config.json, server_group_gossip_config.json, peers.json,
//	                     sites.xml, as they are
//	owlcache.db          the snapshot, if there is one, as it is
//	wal/0…1.wal …        the segments of the log that a start needs, the last one cut behind the
//	                     last whole record of the moment
//	manifest.json        the Manifest: what is in the archive, with sizes and SHA-256
//
// All have mode 0600, the owner 0 and the moment of the backup as their time. The
// manifest comes last: an archive without one was cut off.
//
// # Promises
//
// A backup is the state of one moment: all that was acknowledged before Write was
// called is in it, and of each commit all operations or none. Every checksum in the
// snapshot and in the log is verified while it is written; damage ends it with an
// *engine.CorruptError, and no manifest is written.
//
// Restore takes nothing from an archive on trust: the names that may be in it are
// known here, everything else is refused, as is a second file of a name and all that
// is no regular file. What it needs of memory does not depend on the archive. The
// directory is made aside, in the target under the name of datadir.RestoreDir; while
// that is there, no node starts on the target. See Restore for the order of the steps.
package backup
