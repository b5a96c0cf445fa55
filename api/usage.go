package api

import (
	"fmt"
	"strings"
	"unicode"
)

// Usage tells that someone writes or reads with a version of a subject.
type Usage struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
	Role    string `json:"role"`            // PRODUCER or CONSUMER
	Topic   string `json:"topic,omitempty"` // that the messages are in
	// Application is what the user calls itself: a client.id, a group, a service.
	Application string `json:"application,omitempty"`
	// Principal is who was logged in, "" where no login is asked for. Reports do not carry it.
	Principal string `json:"principal,omitempty"`
	LastSeen  int64  `json:"lastSeen,omitempty"` // milliseconds since 1970, by the registry's clock; reports do not carry it
}

// The roles of a use.
const (
	Producer = "PRODUCER"
	Consumer = "CONSUMER"
)

// Usages is the body of a report of uses, and the answer to the question for them.
type Usages struct {
	Usages []Usage `json:"uses"`
}

// UsageResult answers a report: the versions in it that there are not, each once,
// as they were named. All other uses were taken.
type UsageResult struct {
	Unknown []SubjectVersion `json:"unknown"`
}

// Bounds on a report: how many uses it has, and how long their names are, in bytes.
const (
	MaxUses             = 1000
	MaxUsageSubject     = 1024
	MaxUsageTopic       = 249 // as in Kafka
	MaxUsageApplication = 256
	MaxUsagePrincipal   = 256
)

// ReadUsageReport reads the body of a report.
func ReadUsageReport(o object) (q Usages, err error) {
	q.Usages, err = list(o["uses"], "ArrayList<Usage>", of("Usage", readUsage))
	switch {
	case err != nil:
		return q, err
	case isNull(o["uses"]):
		return q, InvalidUsage("uses must not be null")
	case len(q.Usages) > MaxUses:
		return q, InvalidUsage("uses must be at most %d, and are %d; send several reports", MaxUses, len(q.Usages))
	}
	for i := range q.Usages {
		if err := q.Usages[i].check(); err != nil {
			err.Message = fmt.Sprintf("uses[%d].%s", i, err.Message)
			return q, err
		}
	}
	return q, nil
}

func readUsage(o object) (u Usage, err error) {
	var r reader
	var version *int
	take(&r, &u.Subject)(o.string("subject"))
	take(&r, &version)(o.int("version"))
	take(&r, &u.Role)(o.string("role"))
	take(&r, &u.Topic)(o.string("topic"))
	take(&r, &u.Application)(o.string("application"))
	u.Version, u.Role = number(version), strings.ToUpper(u.Role)
	return u, r.err
}

// Check tells why a use cannot be reported, nil if it can. A report with one that cannot is refused as a whole.
func (u *Usage) Check() error {
	if err := u.check(); err != nil {
		return err
	}
	return nil
}

// check tells what is wrong with a use, beginning with the member.
func (u *Usage) check() *Error {
	switch {
	case u.Subject == "":
		return InvalidUsage("subject must not be empty")
	case u.Version < 1:
		return InvalidUsage("version must be a number from 1, and is %d", u.Version)
	case u.Role != Producer && u.Role != Consumer:
		return InvalidUsage("role must be %s or %s", Producer, Consumer)
	}
	for _, name := range []struct {
		member, value string
		most          int
	}{
		{"subject", u.Subject, MaxUsageSubject},
		{"topic", u.Topic, MaxUsageTopic},
		{"application", u.Application, MaxUsageApplication},
	} {
		if len(name.value) > name.most {
			return InvalidUsage("%s is longer than %d bytes", name.member, name.most)
		}
		if strings.ContainsFunc(name.value, unicode.IsControl) {
			return InvalidUsage("%s has a control character", name.member)
		}
	}
	return nil
}
