package pagelang

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAVisitorReadsTheirLanguage(t *testing.T) {
	texts, err := Parse([]byte(`{"pt-BR": {"Yes": "Sim"}, "de": {"Yes": "Ja"}, "zh": {"Yes": "是"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if names := texts.Languages(); !slices.Equal(names, []string{"en", "de", "pt-BR", "zh"}) {
		t.Errorf("the languages are %q", names)
	}
	for accept, want := range map[string]string{"": "Yes", "de-AT,de;q=0.9,en;q=0.1": "Ja", "fr, pt;q=0.5": "Sim", "zh-Hans-CN": "是", "tlh": "Yes", "%%": "Yes"} {
		r := &http.Request{Header: http.Header{"Accept-Language": {accept}}}
		if got := texts.In(texts.Of(r), "Yes"); got != want {
			t.Errorf("%q reads %q", accept, got)
		}
	}
	if got := texts.In("de", "No"); got != "No" {
		t.Errorf("what is not translated reads %q", got)
	}
}

func TestTextsThatCannotBeReadAreRefused(t *testing.T) {
	for _, raw := range []string{``, `[]`, `{"no language": {}}`, `{"de": "Ja"}`} {
		if _, err := Parse([]byte(raw)); err == nil {
			t.Errorf("%q is read", raw)
		}
	}
}

func TestMissingAndUnusedTextsAreFound(t *testing.T) {
	texts, err := Parse([]byte(`{"de": {"Yes": "Ja", "No": "Nein", "Maybe": "Vielleicht"}, "fr": {"Yes": "Oui", "No": "Non"}}`))
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"page/a.html": {Data: []byte(`<p>{{t "Yes"}} or {{t "No"}}</p>`)}}
	if err := texts.Check(files, "Maybe"); err == nil || strings.TrimSpace(err.Error()) != `fr has no "Maybe"` {
		t.Errorf("missing: %v", err)
	}
	if err := texts.Check(files); err == nil || err.Error() != `de has "Maybe", which nothing shows` {
		t.Errorf("unused: %v", err)
	}
}
