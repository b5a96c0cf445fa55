package serde_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/rulestest"
)

// vector is what a client of the reference did with one record.
type vector struct{ *rulestest.Vector }

type vectorSchema = rulestest.Schema

func TestConformanceSerde(t *testing.T) {
	takes := func(area string) bool { return !strings.HasPrefix(area, "encrypt") } // which needs the key registry
	rulestest.Conformance(t, "serde", "../../../shared/vectors", takes, func(t *testing.T, v *rulestest.Vector) string { return vector{v}.run(t) })
}

// serve is the registry of the vector.
func (v vector) serve(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, s *vectorSchema, code int) {
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		if s == nil {
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(&api.Error{Code: code, Message: "not found"})
			return
		}
		_ = json.NewEncoder(w).Encode(s)
	}
	find := func(is func(*vectorSchema) bool) *vectorSchema {
		if i := slices.IndexFunc(v.Registry.Schemas, is); i >= 0 {
			return v.Registry.Schemas[i]
		}
		return nil
	}
	byID := func(s *vectorSchema) *vectorSchema { // without subject, version and id, as the answer to an id has it
		if s == nil {
			return nil
		}
		bare := *s
		bare.Subject, bare.Version = "", 0
		return &bare
	}
	mux.HandleFunc("GET /schemas/ids/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, byID(find(func(s *vectorSchema) bool { return strconv.Itoa(s.ID) == r.PathValue("id") })), api.CodeSchemaNotFound)
	})
	mux.HandleFunc("GET /schemas/guids/{guid}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, byID(find(func(s *vectorSchema) bool { return s.GUID == r.PathValue("guid") })), api.CodeSchemaNotFound)
	})
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("version") == "latest" {
			answer(w, v.Newest(r.PathValue("subject"), nil), api.CodeVersionNotFound)
			return
		}
		answer(w, find(func(s *vectorSchema) bool {
			return s.Subject == r.PathValue("subject") && strconv.Itoa(s.Version) == r.PathValue("version")
		}), api.CodeVersionNotFound)
	})
	mux.HandleFunc("GET /subjects/{subject}/metadata", func(w http.ResponseWriter, r *http.Request) {
		with := map[string]string{}
		q := r.URL.Query()
		for i, key := range q["key"] {
			with[key] = q["value"][i]
		}
		answer(w, v.Newest(r.PathValue("subject"), with), api.CodeVersionNotFound)
	})
	mux.HandleFunc("POST /subjects/{subject}", func(w http.ResponseWriter, r *http.Request) {
		var q vectorSchema
		_ = json.NewDecoder(r.Body).Decode(&q)
		found := find(func(s *vectorSchema) bool {
			return s.Subject == r.PathValue("subject") && s.Schema == q.Schema && sameDocument(s.Metadata, q.Metadata) && (len(s.RuleSet) == 0) == (len(q.RuleSet) == 0)
		})
		answer(w, found, api.CodeSchemaNotFound)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil, 404) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func sameDocument(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// properties is the configuration as the Java client has it.
func (v vector) properties() map[string]string {
	p := map[string]string{"latest.compatibility.strict": "false", "id.compatibility.strict": "false"}
	for name, raw := range v.Config {
		var text string
		switch {
		case name == "use.latest.with.metadata":
			for key, value := range v.Metadata() {
				p[name] += ",'" + strings.ReplaceAll(key, "'", "''") + "'='" + strings.ReplaceAll(value, "'", "''") + "'"
			}
			p[name] = p[name][1:]
		case name == "schema.id.serializer":
			if v.Text(name) == "header" {
				p[map[bool]string{true: "key.", false: "value."}[v.IsKey]+name] = "io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer"
			}
		case json.Unmarshal(raw, &text) == nil:
			p[name] = text
		default:
			p[name] = string(raw)
		}
	}
	return p
}

func (v vector) options() []serde.Option {
	opts := []serde.Option{serde.WithProperties(v.properties())}
	if v.IsKey {
		opts = append(opts, serde.ForKeys())
	}
	return opts
}

func (v vector) run(t *testing.T) string {
	srv := v.serve(t)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	if v.Op == "serialize" {
		return v.serialize(c)
	}
	return v.deserialize(c)
}

// class is the class of an error as the recordings name it.
func class(err error) string {
	var failed *serde.Error
	if !errors.As(err, &failed) {
		return "an error that is no *serde.Error"
	}
	var condition *rules.ConditionError
	var executor *rules.NoExecutorError
	var action *rules.NoActionError
	var rule *rules.Error
	var invalid *serde.ValidationError
	var answer *api.Error
	var mismatch *record.MismatchError
	switch {
	case errors.Is(err, serde.ErrUnknownMagicByte):
		return "UNKNOWN_MAGIC_BYTE"
	case errors.As(err, &condition):
		return "RULE_CONDITION_FAILED"
	case errors.As(err, &executor):
		return "RULE_EXECUTOR_NOT_FOUND"
	case errors.As(err, &action):
		return "RULE_ACTION_NOT_FOUND"
	case errors.As(err, &rule):
		return "RULE_FAILED"
	case errors.As(err, &invalid):
		return "SCHEMA_VALIDATION_FAILED"
	case errors.As(err, &answer) && answer.Status() == http.StatusNotFound:
		return "REGISTRY_NOT_FOUND"
	case failed.Role == api.Consumer && errors.As(err, &mismatch):
		return "MIGRATION_OUTPUT_MISMATCH"
	}
	return "SERIALIZATION_FAILED"
}

func (v vector) failed(err error) string {
	got := class(err)
	switch {
	case v.Expect.Error == nil:
		return fmt.Sprintf("%s: %v", got, err)
	case v.Expect.Error.Class != got:
		return fmt.Sprintf("%s: %v\n\twant %s", got, err, v.Expect.Error.Class)
	}
	return ""
}

func (v vector) serialize(c *client.Client) string {
	ser, err := serde.NewSerializer[any](c, serde.Format(v.SchemaType), v.options()...)
	if err != nil {
		return err.Error()
	}
	s := v.Newest(v.Subject, v.Metadata())
	if i := slices.IndexFunc(v.Registry.Schemas, func(s *vectorSchema) bool { return s.ID == v.MessageSchemaID }); i >= 0 {
		s = v.Registry.Schemas[i]
	}
	var f record.Format
	var rec any
	if string(v.Input) != "null" {
		if f, err = v.Format(s, v.MessageType); err != nil {
			return err.Error()
		}
		if rec, err = f.Read(v.Input); err != nil {
			return err.Error()
		}
	}
	r := &serde.Record{Topic: v.Topic}
	if err := ser.SerializeRecord(context.Background(), r, rec); err != nil {
		return v.failed(err)
	}
	if v.Expect.Error != nil {
		return fmt.Sprintf("got %x, want %s", r.Data, v.Expect.Error.Class)
	}
	if v.Expect.WireHex == nil {
		if r.Data != nil {
			return fmt.Sprintf("got %x, want null", r.Data)
		}
		return ""
	}
	var headers []rulestest.Header
	for _, h := range r.Headers {
		headers = append(headers, rulestest.Header{Key: h.Key, ValueHex: hex.EncodeToString(h.Value)})
	}
	if !slices.Equal(headers, v.Expect.Headers) {
		return fmt.Sprintf("got the headers %v, want %v", headers, v.Expect.Headers)
	}
	want, _ := hex.DecodeString(*v.Expect.WireHex)
	if v.Compare == "bytes" {
		if !bytes.Equal(r.Data, want) {
			return fmt.Sprintf("got %x, want %x", r.Data, want)
		}
		return ""
	}
	prefix := 0
	if len(v.Expect.Headers) == 0 {
		prefix = 5
		if v.SchemaType == api.Protobuf {
			prefix += 1 + int(want[5])/2
		}
	}
	if len(r.Data) < prefix || !bytes.Equal(r.Data[:prefix], want[:prefix]) {
		return fmt.Sprintf("got %x, want %x", r.Data, want)
	}
	x, err1 := f.Decode(r.Data[prefix:])
	y, err2 := f.Decode(want[prefix:])
	if err1 != nil || err2 != nil {
		return fmt.Sprint(err1, err2)
	}
	a, _ := f.Print(x)
	b, _ := f.Print(y)
	if !rulestest.SameJSON(a, b) {
		return fmt.Sprintf("got %s, want %s", a, b)
	}
	return ""
}

func (v vector) deserialize(c *client.Client) string {
	des, err := serde.NewDeserializer[any](c, serde.Format(v.SchemaType), v.options()...)
	if err != nil {
		return err.Error()
	}
	r := &serde.Record{Topic: v.Topic}
	if v.WireHex != nil {
		if r.Data, err = hex.DecodeString(*v.WireHex); err != nil {
			return err.Error()
		}
	}
	writer := 0
	if len(r.Data) > 5 {
		writer = int(r.Data[1])<<24 | int(r.Data[2])<<16 | int(r.Data[3])<<8 | int(r.Data[4])
	}
	for _, h := range v.Headers {
		value, _ := hex.DecodeString(h.ValueHex)
		r.Headers = append(r.Headers, serde.Header{Key: h.Key, Value: value})
	}
	rec, err := des.DeserializeRecord(context.Background(), r)
	if err != nil {
		return v.failed(err)
	}
	if rec == nil {
		if v.Expect.Error != nil || string(v.Expect.Decoded) != "null" {
			return fmt.Sprintf("got null, want %s", v.Expect.Decoded)
		}
		return ""
	}
	reader := v.Newest(v.Subject, v.Metadata())
	if v.Text("use.latest.version") != "true" && string(v.Config["use.latest.version"]) != "true" && v.Metadata() == nil {
		for _, s := range v.Registry.Schemas {
			if s.ID == writer || len(v.Headers) > 0 && strings.Contains(v.Headers[0].ValueHex, strings.ReplaceAll(s.GUID, "-", "")) {
				reader = s
			}
		}
	}
	message := ""
	if m, ok := rec.(proto.Message); ok {
		message = string(m.ProtoReflect().Descriptor().FullName())
	}
	if v.Expect.MessageType != "" && message != v.Expect.MessageType {
		return fmt.Sprintf("got a %s, want a %s", message, v.Expect.MessageType)
	}
	f, err := v.Format(reader, message)
	if err != nil {
		return err.Error()
	}
	got, err := f.Print(rec)
	if err != nil {
		return err.Error()
	}
	if v.Expect.Error != nil {
		return fmt.Sprintf("got %s, want %s", got, v.Expect.Error.Class)
	}
	if !rulestest.SameJSON(got, v.Expect.Decoded) {
		return fmt.Sprintf("got %s, want %s", got, v.Expect.Decoded)
	}
	return ""
}
