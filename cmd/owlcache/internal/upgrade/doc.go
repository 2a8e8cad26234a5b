// Package upgrade is "owlcache upgrade-check": it reads an installation of 0.5.1 and says what the
// first start of this version takes over, what must be changed before it, and what behaves
// differently. It makes, changes and locks nothing.
//
// find looks for the configuration and the data directory, check looks at both and adds findings to
// a report, finish sorts them, and print shows the report to people; its JSON is part of the
// program's interface. Findings quote no secret.
package upgrade
