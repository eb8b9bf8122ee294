package sharing

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
)

// tree makes files below a new folder, all of them an hour old.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range files {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	age(t, root)
	return root
}

func age(t *testing.T, root string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	err := filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(p, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func walked(t *testing.T, root string, leave *leaveOut, survey bool) []found {
	t.Helper()
	w := walk{ctx: t.Context(), leave: leave, enter: func(string) {}, survey: survey}
	list, err := w.in(root)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].state, list[i].seen = piece.State{}, false
	}
	return list
}

func TestASurveyWithoutWhatIsExceptedIsWhatAWalkFinds(t *testing.T) {
	root := tree(t, "a", "b/c", "b/d/e", "b/d/f/g", "b/d/f/h", "i/j", "k:l/m", "k:l/n:o/p", "q.tmp", "r/s.tmp", "b/d/f/id_rsa", "t/.env",
		".ssh/config", "u/.aws/v/w")
	patterns, err := ignore.Parse([]string{"*.tmp"})
	if err != nil {
		t.Fatal(err)
	}
	all := walked(t, root, newLeaveOut(library.Share{}, patterns), true)
	for _, except := range [][]string{nil, {"a"}, {"b/c"}, {"b/d/e", "b/d/f"}, {"b/d/f/g", "b/d/f/h"}, {"b/d/e", "b/d/f/g", "b/d/f/h", "b/c"}, {"b"}, {"i/j"}, {"k:l/n:o/p"},
		{"k:l/n:o", "k:l/m"}, {"nowhere", "b/d", "b/d/e"}} {
		for _, allow := range [][]string{nil, {"b/d/f/id_rsa", "u/.aws/v/w"}} {
			leave := newLeaveOut(library.Share{Except: except, Allow: allow}, patterns)
			want := walked(t, root, leave, false)
			if diff := cmp.Diff(want, without(slices.Clone(all), leave, func(string) {}), cmp.AllowUnexported(found{})); diff != "" {
				t.Errorf("except %v, allow %v: it is not what a walk finds (-) but (+):\n%s", except, allow, diff)
			}
		}
	}
}

func TestASurveyHoldsWhileItsFoldersStayAsTheyWere(t *testing.T) {
	root := tree(t, "a/b/c", "d")
	ss := &Shares{surveys: map[string]*survey{}}
	survey := func() *survey {
		t.Helper()
		if err := ss.Survey(t.Context(), root, Visitor{}); err != nil {
			t.Fatal(err)
		}
		s := ss.takeSurvey(root)
		if s == nil || ss.takeSurvey(root) != nil {
			t.Fatal("a survey is not kept for one scan")
		}
		return s
	}
	s := survey()
	var entered []string
	if !s.holds(nil, func(folder string) { entered = append(entered, folder) }) {
		t.Error("it does not hold although nothing changed")
	}
	if want := []string{root, filepath.Join(root, "a"), filepath.Join(root, "a", "b")}; !slices.Equal(entered, want) {
		t.Errorf("changes are noticed in %v", entered)
	}
	if other, _ := ignore.Parse([]string{"x"}); s.holds(other, func(string) {}) {
		t.Error("it holds although other things are ignored now")
	}
	// A change right after the survey of a folder can have the same time.
	if err := os.WriteFile(filepath.Join(root, "a", "b", "new"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if s.holds(nil, func(string) {}) {
		t.Error("it holds although a file was added")
	}
	if survey().holds(nil, func(string) {}) {
		t.Error("it holds although a folder had changed just before")
	}
	age(t, root)
	s = survey()
	s.at = s.at.Add(-surveyTime - time.Second)
	if s.holds(nil, func(string) {}) {
		t.Error("it holds for ever")
	}
	ss.surveys[root] = s
	ss.dropSurveys()
	if len(ss.surveys) != 0 {
		t.Error("a survey that nobody used is kept for ever")
	}
}
