package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"owlcache/cmd/owlbench/internal/load"
)

// nginxFiles is the number of keys that nginx serves: a million small files
// would measure the file system.
const nginxFiles = 1000

// nginxConfig needs the directory of all files and the port. Everything that
// nginx writes goes to the directory, so that it needs no rights of its own.
const nginxConfig = `daemon off;
master_process off;
worker_processes 1;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server { listen %[2]s; root %[1]s/files; }
}
`

// StartNginx starts nginx with a file for each of some keys.
func (s *Site) StartNginx(ctx context.Context, opts load.Options) (*Process, load.Target, error) {
	port, err := FreePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	opts.Keys = min(opts.Keys, nginxFiles)
	t := load.Target{
		Name: "nginx", Addr: Loopback(port), Parse: load.ParseHTTP, Keys: opts.Keys, Value: opts.Value,
		Get: load.NewTemplate(load.HTTPGet("/" + load.AnyKey)),
	}
	dir := filepath.Join(s.Dir, "nginx")
	config := filepath.Join(dir, "nginx.conf")
	err = errors.Join(writeNginxFiles(filepath.Join(dir, "files"), opts),
		os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, t.Addr), 0o644))
	if err != nil {
		return nil, t, err
	}
	p, err := s.StartPeer(ctx, ProcessOptions{Name: "nginx", Path: "nginx", Args: []string{"-p", dir, "-c", config}}, t.Addr, "/"+load.KeyName(0))
	return p, t, err
}

// writeNginxFiles writes a file for each key. A worker without rights of root has to
// reach them.
func writeNginxFiles(dir string, opts load.Options) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for key := range opts.Keys {
		if err := os.WriteFile(filepath.Join(dir, load.KeyName(key)), []byte(load.SampleValue(opts.Value)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
