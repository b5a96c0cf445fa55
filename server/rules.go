package server

import (
	"net/http"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// headerRuleProblems tells in an answer that a rule that was registered cannot work: how many problems there are, and the first.
const headerRuleProblems = "X-Concordat-Rule-Problems"

// maxHeaderText bounds the text of a header.
const maxHeaderText = 500

// warnOf tells the client and the log what is wrong with rules that were registered.
func (s *Server) warnOf(c *call, subject string) func([]rules.Problem) {
	return func(problems []rules.Problem) {
		text := strconv.Itoa(len(problems)) + "; " + problems[0].String()
		c.echo.Response().Header().Set(headerRuleProblems, headerText(text))
		for _, p := range problems {
			s.settings.Logger.Warn("a rule was registered that cannot work", "subject", subject, "rule", p.Rule, "kind", p.Kind, "problem", p.String())
		}
	}
}

// headerText makes a text fit for a header.
func headerText(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b[:min(len(b), maxHeaderText)])
}

func (s *Server) runRules(c *call) error {
	q, err := api.ReadBody(c.body, "runRules", "RuleTrial", api.ReadRuleTrial)
	if err != nil {
		return err
	}
	trace, err := s.registry.TryRules(c.ctx(), &q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, trace)
}

func (s *Server) verifyRules(c *call) error {
	q, err := api.ReadBody(c.body, "verifyRules", "RuleProof", api.ReadRuleProof)
	if err != nil {
		return err
	}
	verdict, err := s.registry.VerifyRules(c.ctx(), &q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, verdict)
}

func (s *Server) sampleRules(c *call) error {
	q, err := api.ReadBody(c.body, "sampleRules", "RuleSamples", api.ReadRuleSamples)
	if err != nil {
		return err
	}
	samples, err := s.registry.SampleRules(c.ctx(), &q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, samples)
}

func (s *Server) checkRules(c *call) error {
	q, err := api.ReadBody(c.body, "checkRules", "RuleCheck", api.ReadRuleCheck)
	if err != nil {
		return err
	}
	problems, err := s.registry.CheckRules(&q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		Problems []rules.Problem `json:"problems"`
	}{problems})
}
