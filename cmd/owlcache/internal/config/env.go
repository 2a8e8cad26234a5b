package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// The environment variables that are no options.
const (
	envPrefix = "OWLCACHE_"
	envConfig = "OWLCACHE_CONFIG" // path of the configuration file
	EnvAddr   = "OWLCACHE_ADDR"   // node that the client commands talk to
	EnvCACert = "OWLCACHE_CACERT" // certificates that they verify it against
)

func parseEnv(env []string) []assignment {
	names := map[string]string{} // of the variable: of the option
	// The prefix must not count when an unknown name is compared with them.
	known := []string{strings.TrimPrefix(envConfig, envPrefix), strings.TrimPrefix(EnvAddr, envPrefix), strings.TrimPrefix(EnvCACert, envPrefix)}
	for _, o := range new(Config).options() {
		names[o.env()] = o.Name
		known = append(known, strings.TrimPrefix(o.env(), envPrefix))
	}
	// Container platforms set these for a service that is called "owlcache".
	foreign := regexp.MustCompile(`^OWLCACHE_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME)$`)
	var list []assignment
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envConfig || name == EnvAddr || name == EnvCACert || foreign.MatchString(name) {
			continue
		}
		a := assignment{name: names[name], value: strings.TrimSpace(value), origin: "environment " + name}
		if a.name == "" {
			a = assignment{origin: a.origin, err: errors.New("no such option" + DidYouMean(envPrefix, strings.TrimPrefix(name, envPrefix), known))}
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b assignment) int { return strings.Compare(a.origin, b.origin) })
	return list
}

// LookupEnv returns the value of name in env; the last one counts, as it does
// for a process that is started with env.
func LookupEnv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v
		}
	}
	return ""
}
