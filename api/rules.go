package api

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// The requests of the calls on rules, under /concordat/v1/rules. A contract is
// named by subject and version, or given as it would be registered.

// RuleTrial asks what rules would do with a record. Nothing is stored.
type RuleTrial struct {
	Subject string `json:"subject,omitempty"`
	Version int    `json:"version,omitempty"` // whose rules are run; 0 or -1 for the latest
	// Direction is WRITE, READ, UPGRADE or DOWNGRADE. For a migration From is the version of the record, and Version the one it is to become.
	Direction string           `json:"direction"`
	From      int              `json:"from,omitempty"`
	Contract  *RegisterRequest `json:"-"` // inline, instead of Version
	Old       *RegisterRequest `json:"-"` // inline, the older version of a migration

	Record     json.RawMessage `json:"record,omitempty"`     // as JSON
	Payload    []byte          `json:"payload,omitempty"`    // or as bytes without framing
	PayloadHex string          `json:"payloadHex,omitempty"` // the same, as it was sent in hexadecimal digits
}

// RuleProof asks whether the migrations between two versions hold what they promise.
type RuleProof struct {
	Subject string           `json:"subject,omitempty"`
	From    int              `json:"from,omitempty"`
	To      int              `json:"to,omitempty"`
	Old     *RegisterRequest `json:"-"`
	New     *RegisterRequest `json:"-"`
	Seed    uint64           `json:"seed,omitempty"`
	Cases   int              `json:"cases,omitempty"`
	Lossy   []string         `json:"lossy,omitempty"`
}

// RuleSamples asks for records that a contract admits and refuses.
type RuleSamples struct {
	Subject  string           `json:"subject,omitempty"`
	Version  int              `json:"version,omitempty"`
	Contract *RegisterRequest `json:"-"`
	Seed     uint64           `json:"seed,omitempty"`
	Count    int              `json:"count,omitempty"`
}

// RuleCheck asks what registering a contract would say of its rules.
type RuleCheck struct {
	Subject  string           `json:"subject,omitempty"`
	Version  int              `json:"version,omitempty"`
	Contract *RegisterRequest `json:"-"`
}

// DefaultRuleCases and DefaultRuleSamples stand where a request names no number; Max… bound it.
const (
	DefaultRuleCases   = 500
	MaxRuleCases       = 10_000
	DefaultRuleSamples = 5
	MaxRuleSamples     = 100
)

func count(n *int, otherwise, most int, name string) (int, error) {
	switch {
	case n == nil || *n == 0:
		return otherwise, nil
	case *n < 0 || *n > most:
		return 0, BadRequest("%s must be between 1 and %d", name, most)
	}
	return *n, nil
}

func seed(n *int) uint64 {
	if n == nil {
		return 1
	}
	return uint64(*n)
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// ReadRuleTrial reads the body of a trial. A missing direction is WRITE.
func ReadRuleTrial(o object) (q RuleTrial, err error) {
	var r reader
	var version, from *int
	var payload *string
	take(&r, &q.Subject)(o.string("subject"))
	take(&r, &version)(o.int("version"))
	take(&r, &from)(o.int("from"))
	take(&r, &q.Direction)(o.string("direction"))
	take(&r, &payload)(o.stringPtr("payload"))
	take(&r, &q.PayloadHex)(o.string("payloadHex"))
	take(&r, &q.Contract)(optional(o["contract"], "RegisterSchemaRequest", ReadRegisterRequest))
	take(&r, &q.Old)(optional(o["old"], "RegisterSchemaRequest", ReadRegisterRequest))
	if r.err != nil {
		return q, r.err
	}
	q.Version, q.From, q.Record = number(version), number(from), o["record"]
	q.Direction = strings.ToUpper(q.Direction)
	switch q.Direction {
	case "":
		q.Direction = ModeWrite
	case ModeWrite, ModeRead, ModeUpgrade, ModeDowngrade:
	default:
		return q, BadRequest("direction must be WRITE, READ, UPGRADE or DOWNGRADE")
	}
	if payload != nil && q.PayloadHex != "" {
		return q, BadRequest("one of record, payload and payloadHex must be given")
	}
	if payload != nil {
		if q.Payload, err = base64.StdEncoding.DecodeString(*payload); err != nil {
			return q, BadRequest("payload is not base64: %v", err)
		}
	}
	if q.PayloadHex != "" {
		if q.Payload, err = hex.DecodeString(q.PayloadHex); err != nil {
			return q, BadRequest("payloadHex is not hexadecimal: %v", err)
		}
	}
	if (q.Record == nil) == (q.Payload == nil) {
		return q, BadRequest("one of record, payload and payloadHex must be given")
	}
	return q, nil
}

// ReadRuleProof reads the body of a proof.
func ReadRuleProof(o object) (q RuleProof, err error) {
	var r reader
	var from, to, seedOf, cases *int
	take(&r, &q.Subject)(o.string("subject"))
	take(&r, &from)(o.int("from"))
	take(&r, &to)(o.int("to"))
	take(&r, &seedOf)(o.int("seed"))
	take(&r, &cases)(o.int("cases"))
	take(&r, &q.Lossy)(stringList(o["lossy"]))
	take(&r, &q.Old)(optional(o["old"], "RegisterSchemaRequest", ReadRegisterRequest))
	take(&r, &q.New)(optional(o["new"], "RegisterSchemaRequest", ReadRegisterRequest))
	q.From, q.To, q.Seed = number(from), number(to), seed(seedOf)
	take(&r, &q.Cases)(count(cases, DefaultRuleCases, MaxRuleCases, "cases"))
	return q, r.err
}

// ReadRuleSamples reads the body of a request for samples.
func ReadRuleSamples(o object) (q RuleSamples, err error) {
	var r reader
	var version, seedOf, n *int
	take(&r, &q.Subject)(o.string("subject"))
	take(&r, &version)(o.int("version"))
	take(&r, &seedOf)(o.int("seed"))
	take(&r, &n)(o.int("count"))
	take(&r, &q.Contract)(optional(o["contract"], "RegisterSchemaRequest", ReadRegisterRequest))
	q.Version, q.Seed = number(version), seed(seedOf)
	take(&r, &q.Count)(count(n, DefaultRuleSamples, MaxRuleSamples, "count"))
	return q, r.err
}

// ReadRuleCheck reads the body of a check.
func ReadRuleCheck(o object) (q RuleCheck, err error) {
	var r reader
	var version *int
	take(&r, &q.Subject)(o.string("subject"))
	take(&r, &version)(o.int("version"))
	take(&r, &q.Contract)(optional(o["contract"], "RegisterSchemaRequest", ReadRegisterRequest))
	q.Version = number(version)
	return q, r.err
}

// The requests are written as they are read; what names no contract leaves the member out.

// MarshalJSON writes the body of a trial.
func (q RuleTrial) MarshalJSON() ([]byte, error) {
	type members RuleTrial
	return json.Marshal(struct {
		members
		Contract *RegisterRequest `json:"contract,omitempty"`
		Old      *RegisterRequest `json:"old,omitempty"`
	}{members(q), q.Contract, q.Old})
}

// MarshalJSON writes the body of a proof.
func (q RuleProof) MarshalJSON() ([]byte, error) {
	type members RuleProof
	return json.Marshal(struct {
		members
		Old *RegisterRequest `json:"old,omitempty"`
		New *RegisterRequest `json:"new,omitempty"`
	}{members(q), q.Old, q.New})
}

// MarshalJSON writes the body of a request for samples.
func (q RuleSamples) MarshalJSON() ([]byte, error) {
	type members RuleSamples
	return json.Marshal(struct {
		members
		Contract *RegisterRequest `json:"contract,omitempty"`
	}{members(q), q.Contract})
}

// MarshalJSON writes the body of a check.
func (q RuleCheck) MarshalJSON() ([]byte, error) {
	type members RuleCheck
	return json.Marshal(struct {
		members
		Contract *RegisterRequest `json:"contract,omitempty"`
	}{members(q), q.Contract})
}
