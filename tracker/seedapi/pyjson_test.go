package seedapi

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// testdata/python.jsonl was written by Python 3: each line has a text, its
// json.dumps and its repr.
func TestTextIsWrittenAsPythonWritesIt(t *testing.T) {
	golden, err := os.ReadFile("testdata/python.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range bytes.Lines(golden) {
		var want struct{ Text, Dumps, Repr string }
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if got := pyDumps(want.Text); got != want.Dumps {
			t.Errorf("dumps of %q: %s, want %s", want.Text, got, want.Dumps)
		}
		if got := pyRepr(want.Text); got != want.Repr {
			t.Errorf("repr of %q: %s, want %s", want.Text, got, want.Repr)
		}
		lines++
	}
	if lines < 20 {
		t.Errorf("only %d lines", lines)
	}
}

func TestAnObjectKeepsItsOrder(t *testing.T) {
	got, err := parsePyObject([]byte(` {"b": 1, "a": "x", "b": 2.50, "c": null} `))
	if err != nil {
		t.Fatal(err)
	}
	if _, null := got[2].value.(json.RawMessage); !null {
		t.Errorf("%T", got[2].value)
	}
	if got := pyDumps(got[:2]); got != `{"b": 2.50, "a": "x"}` {
		t.Error(got)
	}
}

func FuzzSeedBody(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"peer_id": "x", "peer_port": 3000}`, `{"a": {"b": [1, "\ud83d"]}, "a": "é"}`, `{"a": 1e400}`, "[1]", "{\"\xff\": \"\xfe\"}", `{"a":"b"} x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := parsePyObject(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q was taken", body)
		}
		for _, fields := range [][]field{resourceFields, heartbeatFields, queryFields} {
			wrong := checkFields(object, fields, true)
			if out := pyDumps(wrong); !json.Valid([]byte(out)) {
				t.Fatalf("%q is answered with %q", body, out)
			}
			pyRepr(wrong)
			if len(wrong) > 0 {
				continue
			}
			// What is accepted is echoed, and reads as the same again.
			echo := pyDumps(object)
			again, err := parsePyObject([]byte(echo))
			if err != nil || pyDumps(again) != echo || strings.ContainsFunc(echo, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%q is echoed as %q: %v", body, echo, err)
			}
			if len(fields) == len(resourceFields) {
				rowOf(object)
			}
		}
	})
}
