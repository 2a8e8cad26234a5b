package report

// LoadReport is what a comparison of servers under load prints.
type LoadReport struct {
	Load any `json:"load"`
	Machine
	Results
}
