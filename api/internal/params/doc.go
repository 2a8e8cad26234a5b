// Package params reads the parameters of requests: from queries and urlencoded bodies, from
// multipart forms, and the times in them.
package params
