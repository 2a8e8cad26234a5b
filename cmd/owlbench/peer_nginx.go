package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// startNginx starts nginx with a file for each of some keys.
func (s *site) startNginx(ctx context.Context, load loadOptions) (*process, target, error) {
	port, err := freePort()
	if err != nil {
		return nil, target{}, err
	}
	dir := filepath.Join(s.dir, "nginx")
	load.Keys = min(load.Keys, nginxFiles)
	if err := writeNginxFiles(dir, port, load); err != nil {
		return nil, target{}, err
	}
	t := target{
		name: "nginx", addr: loopback(port), parse: parseResponse, keys: load.Keys, value: load.Value,
		get: newTemplate(httpGet("/{key}")),
	}
	p, err := startReady(ctx, processOptions{
		Name: "nginx", Path: "nginx", Args: []string{"-p", dir, "-c", filepath.Join(dir, "nginx.conf")}, Dir: s.dir, CPU: s.cpus.server,
	}, func() error { return askOK(ctx, t.addr, "/"+keyName(0)) })
	return p, t, err
}

// writeNginxFiles writes the configuration and the files. A worker without
// rights of root has to reach them.
func writeNginxFiles(dir string, port int, load loadOptions) error {
	files := filepath.Join(dir, "files")
	if err := os.MkdirAll(files, 0o755); err != nil {
		return err
	}
	config := fmt.Sprintf(nginxConfig, dir, port)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o644); err != nil {
		return err
	}
	for key := range load.Keys {
		if err := os.WriteFile(filepath.Join(files, keyName(key)), []byte(sampleValue(load.Value)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
