package config

import (
	"errors"
	"fmt"
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

// serviceLink matches what container platforms put into the environment of
// every process when a service is called "owlcache": the operator did not
// write these, so they are no mistakes.
const serviceLink = `^OWLCACHE_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME)$`

// parseEnv takes the options out of an environment of NAME=value strings.
func parseEnv(table []Option, env []string) []Assignment {
	names := map[string]string{} // of the variable: of the option
	for _, o := range table {
		names[o.env()] = o.Name
	}
	foreign := regexp.MustCompile(serviceLink)
	var list []Assignment
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envConfig || name == EnvAddr || name == EnvCACert || foreign.MatchString(name) {
			continue
		}
		a := Assignment{Name: names[name], Value: strings.TrimSpace(value), Origin: "environment " + name}
		if a.Name == "" {
			a = Assignment{Origin: a.Origin, Err: errors.New("no such option" + DidYouMean(envPrefix, strings.TrimPrefix(name, envPrefix), envNames(table)))}
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Assignment) int { return strings.Compare(a.Origin, b.Origin) })
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

// envNames returns the names of all variables without their prefix, which must not
// count when an unknown name is compared with them.
func envNames(table []Option) []string {
	names := []string{strings.TrimPrefix(envConfig, envPrefix), strings.TrimPrefix(EnvAddr, envPrefix), strings.TrimPrefix(EnvCACert, envPrefix)}
	for _, o := range table {
		names = append(names, strings.TrimPrefix(o.env(), envPrefix))
	}
	return names
}

// DidYouMean ends an error message about an unknown name; prefix is what all names
// begin with.
func DidYouMean(prefix, name string, known []string) string {
	if n := nearest(name, known); n != "" {
		return fmt.Sprintf(", did you mean %s%s?", prefix, n)
	}
	return ""
}
