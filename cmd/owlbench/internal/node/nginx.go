package node

import (
	"context"
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
  server { listen 127.0.0.1:%[2]d; root %[1]s/files; }
}
`

// StartNginx starts nginx with a file for each of some keys.
func (s *Site) StartNginx(ctx context.Context, opts load.Options) (*Process, load.Target, error) {
	port, err := FreePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	dir := filepath.Join(s.Dir, "nginx")
	opts.Keys = min(opts.Keys, nginxFiles)
	if err := writeNginxFiles(dir, port, opts); err != nil {
		return nil, load.Target{}, err
	}
	t := load.Target{
		Name: "nginx", Addr: Loopback(port), Parse: load.ParseHTTP, Keys: opts.Keys, Value: opts.Value,
		Get: load.NewTemplate(load.HTTPGet("/{key}")),
	}
	p, err := StartServer(ctx, ProcessOptions{
		Name: "nginx", Path: "nginx", Args: []string{"-p", dir, "-c", filepath.Join(dir, "nginx.conf")}, Dir: s.Dir, CPU: s.CPUs.Server,
	}, func() error { return load.AskOK(ctx, t.Addr, "/"+load.KeyName(0)) })
	return p, t, err
}

// writeNginxFiles writes the configuration and the files. A worker without
// rights of root has to reach them.
func writeNginxFiles(dir string, port int, opts load.Options) error {
	files := filepath.Join(dir, "files")
	if err := os.MkdirAll(files, 0o755); err != nil {
		return err
	}
	config := fmt.Sprintf(nginxConfig, dir, port)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o644); err != nil {
		return err
	}
	for key := range opts.Keys {
		if err := os.WriteFile(filepath.Join(files, load.KeyName(key)), []byte(load.SampleValue(opts.Value)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
