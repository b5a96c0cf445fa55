package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// clientCall is one call of a recorded tool.
type clientCall struct {
	N           int               `json:"n"`
	Step        string            `json:"step"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Headers     map[string]string `json:"headers"`
	Body        json.RawMessage   `json:"body"`
	Status      int               `json:"status"`
	ContentType string            `json:"response_content_type"`
	Response    json.RawMessage   `json:"response"`
}

// notRegistry are recordings of tools that do not speak this API.
var notRegistry = map[string]string{
	"apicurio-converter-2.6": "speaks the API of another registry",
	"debezium-openlineage":   "its events go to a lineage server",
}

// sharesRegistry names the recording that a tool continued from.
var sharesRegistry = map[string]string{
	"clickhouse-avroconfluent": "flink-avro-confluent",
	"kcat-libserdes":           "flink-avro-confluent",
}

// What real tools call, in their order, is answered as they were answered before.
func TestConformanceClients(t *testing.T) {
	folder := filepath.Join(replaytest.Vectors("../.."), "clients")
	files, _ := filepath.Glob(filepath.Join(folder, "*.json"))
	if len(files) == 0 {
		t.Skipf("no recordings in %s; set VECTORS to the folder that holds them", folder)
	}
	y := &tally{area: "clients"}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if notRegistry[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			addr := served(t, nil, nil)
			if before := sharesRegistry[name]; before != "" {
				(&tally{}).replay(t, clientScenario(t, filepath.Join(folder, before+".json")), nil, nil, addr)
			}
			y.replay(t, clientScenario(t, f), nil, nil, addr)
		})
	}
	y.print(t)
}

func clientScenario(t *testing.T, file string) *replaytest.Scenario {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var calls []clientCall
	if err := json.Unmarshal(b, &calls); err != nil {
		t.Fatal(err)
	}
	s := &replaytest.Scenario{File: strings.TrimSuffix(filepath.Base(file), ".json")}
	for _, c := range calls {
		e := replaytest.Exchange{N: c.N, Note: c.Step,
			Request:  replaytest.Request{Method: c.Method, Path: c.Path, Headers: c.Headers, Body: c.Body},
			Response: replaytest.Response{Status: c.Status, Body: c.Response, Headers: map[string]string{}},
		}
		if c.ContentType != "" {
			e.Response.Headers["Content-Type"] = c.ContentType
		}
		var answer any
		if json.Unmarshal(c.Response, &answer) == nil {
			volatile("", answer, &e.Volatile)
		}
		s.Exchanges = append(s.Exchanges, e)
	}
	return s
}

// volatile collects the pointers to times and to the random GUIDs of associations.
func volatile(at string, v any, list *[]string) {
	switch v := v.(type) {
	case map[string]any:
		_, association := v["resourceId"]
		for k, item := range v {
			if k == "ts" || k == "createTs" || k == "updateTs" || k == "kafka-cluster" || k == "commitId" || association && k == "guid" {
				*list = append(*list, at+"/"+k)
			}
			volatile(at+"/"+k, item, list)
		}
	case []any:
		for i, item := range v {
			volatile(at+"/"+strconv.Itoa(i), item, list)
		}
	}
}
