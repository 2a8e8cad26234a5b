package main

// loadReport is what a comparison of servers under load prints.
type loadReport struct {
	Load any `json:"load"`
	machine
	results
}
