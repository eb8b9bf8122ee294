package sharing

import (
	"context"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
)

const (
	// surveyTime is for how long a survey is kept.
	surveyTime = 10 * time.Minute
	// surveyDoubt is by how much a folder must be older than its survey: with less,
	// a later change may have the same time. FAT counts in two seconds.
	surveyDoubt = 2 * time.Second
)

// Survey walks a folder that the person may share, and shows visitor what sharing
// it would offer and leave out. The share made of it afterwards uses what was found,
// as far as it is still so, without the secrets that the person did not allow. A folder with more files than a share may have is walked
// to its end, and then an error with the code "invalid".
func (ss *Shares) Survey(ctx context.Context, folder string, visitor Visitor) error {
	s := &survey{at: time.Now(), pattern: ss.ignored.Load()}
	seen := Visitor{File: visitor.File, LeftOut: func(rel string, why Reason) {
		s.omitted.add(rel, why)
		if visitor.LeftOut != nil {
			visitor.LeftOut(rel, why)
		}
	}}
	w := walk{ctx: ctx, leave: newLeaveOut(library.Share{Path: folder}, s.pattern), survey: true, visitor: seen, enter: func(folder string) {
		at := surveyed{path: folder}
		if info, err := os.Stat(folder); err == nil {
			at.modified = info.ModTime()
		}
		s.folders = append(s.folders, at)
	}}
	var err error
	if s.found, err = w.in(folder); err != nil {
		return err
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.surveys[folder] = s
	return nil
}

// takeSurvey returns the survey of a folder once; nil if there is none.
func (ss *Shares) takeSurvey(folder string) *survey {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.surveys[folder]
	delete(ss.surveys, folder)
	return s
}

// dropSurveys forgets the surveys of folders that were not shared.
func (ss *Shares) dropSurveys() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for folder, s := range ss.surveys {
		if time.Since(s.at) > surveyTime {
			delete(ss.surveys, folder)
		}
	}
}

// holds tells whether nothing was added to the folders or removed from them since.
// It calls enter for each folder first, so that later changes are noticed.
func (s *survey) holds(pattern *ignore.Patterns, enter func(folder string)) bool {
	if s.pattern != pattern || time.Since(s.at) > surveyTime {
		return false
	}
	for _, folder := range s.folders {
		enter(folder.path)
		info, err := os.Stat(folder.path)
		if err != nil || !info.ModTime().Equal(folder.modified) || s.at.Sub(folder.modified) < surveyDoubt {
			return false
		}
	}
	return true
}

// without is what a walk with these rules would have found: a folder that is empty
// without what is left out counts as empty. secret is called for each secret that the
// person did not allow.
func without(list []found, leave *leaveOut, secret func(rel string)) []found {
	kept := make([]found, 0, len(list))
	full := map[string]bool{} // folders with something left, real
	keep := func(f found) {
		kept = append(kept, f)
		for up := path.Dir(f.real); up != "." && !full[up]; up = path.Dir(up) {
			full[up] = true
		}
	}
	emptied := map[string]string{} // folders that lost something, and how they are announced
	for _, f := range list {
		top, excepted := leave.topmost(f.real)
		if !excepted && !f.empty && leave.secret(f.real) && !leave.allows(f.real) {
			secret(f.real)
			top = f.real
		}
		if top == "" {
			keep(f)
		} else if up := path.Dir(top); up != "." && !inSecretFolder(top) {
			emptied[up] = above(f, up)
		}
	}
	deepest := slices.SortedFunc(maps.Keys(emptied), func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, real := range deepest {
		if !full[real] {
			keep(found{real: real, safe: emptied[real], empty: true})
		}
	}
	sortFound(kept)
	return kept
}

// inSecretFolder reports whether a folder above a path is one of secrets: then even its
// name is not told.
func inSecretFolder(rel string) bool {
	for up := path.Dir(rel); up != "."; up = path.Dir(up) {
		if ignore.SecretFolder(path.Base(up)) {
			return true
		}
	}
	return false
}

// topmost is the excepted path at or above another one, the shortest.
func (l *leaveOut) topmost(rel string) (string, bool) {
	for i, c := range rel + "/" {
		if c == '/' {
			if _, excepted := l.except[rel[:i]]; excepted {
				return rel[:i], true
			}
		}
	}
	return "", false
}

// above is how a folder above f is announced; real is its path as it is.
func above(f found, real string) string {
	parts := strings.Split(f.safe, "/")
	return path.Join(parts[:strings.Count(real, "/")+1]...)
}
