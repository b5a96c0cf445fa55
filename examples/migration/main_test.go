package main

import (
	"os"
	"strings"
	"testing"
)

// With KAFKA or REGISTRY in the environment, the test runs against those; ids are then the registry's own.
func TestExampleMigration(t *testing.T) {
	s, err := newStage(t.Context(), os.Getenv("KAFKA"), os.Getenv("REGISTRY"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := play(t.Context(), &out, s); err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	const want = `written by   id   read by version 1                        read by version 2
version 1    1    {"name":"Ada","ssn":"078-05-1120"}       {"name":"Ada","national_id":"078-05-1120"}
version 2    2    {"name":"Barbara","ssn":"457-55-5462"}   {"name":"Barbara","national_id":"457-55-5462"}
version 1    1    {"name":"Grace","ssn":"219-09-9999"}     {"name":"Grace","national_id":"219-09-9999"}
version 2    2    {"name":"Radia","ssn":"123-45-6789"}     {"name":"Radia","national_id":"123-45-6789"}
`
	if os.Getenv("REGISTRY") == "" && out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

// A record that was read as another version has it does not pass.
func TestShowFindsWhatIsWrong(t *testing.T) {
	right := func() (byV1, byV2 map[string]sight) {
		byV1, byV2 = map[string]sight{}, map[string]sight{}
		for _, p := range everybody {
			id := uint32(p.version[0] - '0')
			byV1[p.name], byV2[p.name] = sight{id, p.v1()}, sight{id, p.v2()}
		}
		return byV1, byV2
	}
	for what, change := range map[string]func(byV1, byV2 map[string]sight){
		"a value of the other version": func(byV1, byV2 map[string]sight) { byV1["Ada"] = byV2["Ada"] },
		"nothing was read":             func(byV1, _ map[string]sight) { delete(byV1, "Ada") },
		"another id": func(byV1, byV2 map[string]sight) {
			byV1["Ada"], byV2["Ada"] = sight{3, everybody[0].v1()}, sight{3, everybody[0].v2()}
		},
		"another value": func(byV1, _ map[string]sight) { byV1["Ada"] = sight{1, person{"Ada", "", "1"}.v1()} },
	} {
		byV1, byV2 := right()
		if err := show(&strings.Builder{}, byV1, byV2); err != nil {
			t.Fatal(err)
		}
		change(byV1, byV2)
		if err := show(&strings.Builder{}, byV1, byV2); err == nil {
			t.Errorf("%s: passed", what)
		}
	}
}
