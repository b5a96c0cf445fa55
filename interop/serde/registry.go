package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
)

// A registry is spoken to without a client of anyone's.
type registry struct{ url string }

var httpClient = &http.Client{Timeout: 30 * time.Second}

// prepare registers what an exchange needs.
func (r registry) prepare(x *exchange) error {
	if x.Config != nil {
		if err := r.call(http.MethodPut, "/config/"+url.PathEscape(x.subject()), x.Config, nil); err != nil {
			return err
		}
	}
	if x.Auto {
		return nil
	}
	for _, v := range x.References {
		if err := r.register(v.Subject, x.schema(v.Schema, v.Needs)); err != nil {
			return err
		}
	}
	for _, v := range x.Versions {
		s := x.schema(v.Schema, v.Needs)
		s.Metadata, s.RuleSet = v.Metadata, v.RuleSet
		if err := r.register(x.subject(), s); err != nil {
			return err
		}
	}
	return nil
}

// register registers a schema, and looks whether the registry has kept its rules.
func (r registry) register(subject string, s api.Schema) error {
	body := map[string]any{"schemaType": s.SchemaType, "schema": s.Schema, "references": s.References}
	if s.Metadata != nil {
		body["metadata"] = s.Metadata
	}
	if s.RuleSet != nil {
		body["ruleSet"] = s.RuleSet
	}
	var got api.Schema
	if err := r.call(http.MethodPost, "/subjects/"+url.PathEscape(subject)+"/versions", body, &got); err != nil {
		return err
	}
	if s.RuleSet != nil && got.RuleSet == nil {
		return fmt.Errorf("registering %s: the registry does not keep rules", subject)
	}
	return nil
}

func (r registry) call(method, path string, body, answer any) error {
	sent, err := json.Marshal(body)
	if err != nil {
		return err
	}
	q, err := http.NewRequest(method, r.url+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	a, err := httpClient.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		return err
	}
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, a.Status, got)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(got, answer)
}
