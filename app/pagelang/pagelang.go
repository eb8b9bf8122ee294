// Package pagelang has pages for browsers speak the language of their visitor.
package pagelang

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Texts are the texts of some pages, in several languages.
type Texts struct {
	languages []language.Tag // English, which is for everybody else, and then the others
	matcher   language.Matcher
	by        map[string]map[string]string
}

// Pages are templates of pages with their texts.
type Pages struct {
	*Texts
	templates map[string]*template.Template // by language
}

// Load reads page/texts.json, as [Parse] does, and page/*.html, in which {{t "Text"}} is a
// text in the visitor's language. It panics if they cannot be read: they are in the program.
func Load(files fs.FS) *Pages {
	raw, err := fs.ReadFile(files, "page/texts.json")
	if err != nil {
		panic(err)
	}
	texts, err := Parse(raw)
	if err != nil {
		panic(err)
	}
	p := &Pages{Texts: texts, templates: map[string]*template.Template{}}
	for _, lang := range texts.Languages() {
		in := template.FuncMap{"t": func(english string) string { return texts.In(lang, english) }}
		p.templates[lang] = template.Must(template.New("").Funcs(in).ParseFS(files, "page/*.html"))
	}
	return p
}

// Write writes a page in a language.
func (p *Pages) Write(w io.Writer, lang, page string, view any) error {
	return p.templates[lang].ExecuteTemplate(w, page, view)
}

// Parse reads {"LANGUAGE": {"English text": "text"}}, where a language is a BCP 47 tag.
// English itself is not there.
func Parse(raw []byte) (*Texts, error) {
	t := &Texts{languages: []language.Tag{language.English}}
	if err := json.Unmarshal(raw, &t.by); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.by)) {
		tag, err := language.Parse(name)
		if err != nil {
			return nil, err
		}
		t.languages = append(t.languages, tag)
	}
	t.matcher = language.NewMatcher(t.languages)
	return t, nil
}

// Languages returns the languages, English first.
func (t *Texts) Languages() []string {
	var names []string
	for _, tag := range t.languages {
		names = append(names, tag.String())
	}
	return names
}

// Of returns the language for a visitor.
func (t *Texts) Of(r *http.Request) string {
	tags, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")) // of none it is none
	_, i, _ := t.matcher.Match(tags...)
	return t.languages[i].String()
}

// In returns a text in a language; in English if there is no other.
func (t *Texts) In(lang, english string) string {
	if text := t.by[lang][english]; text != "" {
		return text
	}
	return english
}

// Check returns an error unless every other language has all texts that are shown, and
// no more: those of the templates in the folder "page", as {{t "Text"}}, and those given.
func (t *Texts) Check(files fs.FS, shown ...string) error {
	names, err := fs.Glob(files, path.Join("page", "*.html"))
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for _, part := range strings.Split(string(raw), `{{t "`)[1:] {
			text, _, _ := strings.Cut(part, `"}}`)
			shown = append(shown, text)
		}
	}
	var wrong []error
	for lang, texts := range t.by {
		for _, text := range shown {
			if texts[text] == "" {
				wrong = append(wrong, fmt.Errorf("%s has no %q", lang, text))
			}
		}
		for text := range texts {
			if !slices.Contains(shown, text) {
				wrong = append(wrong, fmt.Errorf("%s has %q, which nothing shows", lang, text))
			}
		}
	}
	return errors.Join(wrong...)
}

// Has reports whether there are texts in exactly that language.
func (t *Texts) Has(tag language.Tag) bool {
	_, _, confidence := t.matcher.Match(tag)
	return confidence == language.Exact
}
