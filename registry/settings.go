package registry

import "github.com/seed-9f7c7091/concordat/compat"

// Settings change what the registry accepts and how much it answers at once.
// DefaultSettings gives the values of the reference.
type Settings struct {
	CompatibilityLevel      compat.Level // where no configuration says otherwise
	ValidateFields          bool         // check reserved fields where no configuration says otherwise
	ValidateNewSchemas      bool         // the stricter reading of schemas about to be registered
	RejectEmptySubject      bool         // refuse registration under an empty subject name
	StrictReferenceVersions bool         // refuse one reference name with two versions
	ModeMutability          bool         // allow modes to be changed
	Associations            bool         // serve the association calls
	Schemas                 SearchLimit  // lists of schemas, of referrers, of associations, of uses
	Subjects                SearchLimit
	Versions                SearchLimit
	Contexts                SearchLimit
	MaxRecord               int // bytes of a schema's record in the log; a larger one is refused
	ParsedCache             int // bytes held by parsed schemas, roughly
	RuleChecks              RuleChecks
	LeaderEligibility       bool // this node may take writes; they answer 50004 otherwise
}

// SearchLimit bounds the length of a list: Default where the caller names no
// limit or one outside 1…Max.
type SearchLimit struct{ Default, Max int }

// Limit returns how many items a caller who asked for n gets.
func (l SearchLimit) Limit(n int) int {
	if n > 0 && n <= l.Max {
		return n
	}
	return l.Default
}

// DefaultSettings are the settings of a registry that was told nothing.
func DefaultSettings() Settings {
	const unlimited = 1<<31 - 1
	return Settings{
		CompatibilityLevel: compat.Backward,
		ValidateNewSchemas: true,
		ModeMutability:     true,
		Associations:       true,
		Schemas:            SearchLimit{1000, 1000},
		Subjects:           SearchLimit{unlimited, unlimited},
		Versions:           SearchLimit{unlimited, unlimited},
		Contexts:           SearchLimit{unlimited, unlimited},
		MaxRecord:          1 << 20,
		ParsedCache:        32 << 20,
		RuleChecks:         RulesWarn,
		LeaderEligibility:  true,
	}
}
