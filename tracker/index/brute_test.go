package index_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

// model holds in plain lists the contents that an index should hold.
type model struct {
	t        *testing.T
	x        *index.Index
	naming   *naming
	random   *rand.Rand
	contents []*modelContent
	next     int
}

type modelContent struct {
	hash   netproto.ContentHash
	added  time.Time
	handle *index.Content
	names  []*modelName
}

type modelName struct {
	index.Name
	folded          string
	id              index.NameID
	online, dormant int
	seen            int64
}

func newModel(t *testing.T, contents int) *model {
	x := index.New()
	x.SetTailRoom(256)
	t.Cleanup(x.Close)
	m := &model{t: t, x: x, naming: newNaming(uint64(contents), 400), random: rand.New(rand.NewPCG(3, 4))}
	loaded := x.Bulk()
	for range contents / 2 {
		m.add()
	}
	loaded()
	for range contents / 2 {
		m.add()
	}
	return m
}

func (m *model) add() {
	m.next++
	c := &modelContent{hash: hash(m.next * 7919 % 1_000_003), added: epoch.Add(time.Duration(m.random.IntN(500)) * time.Second)}
	c.handle = newContent(c.hash, c.added)
	m.contents = append(m.contents, c)
	for range 1 + max(0, m.random.IntN(6)-3) {
		m.name(c)
	}
}

func (m *model) name(c *modelContent) {
	n := &modelName{Name: m.naming.entry()}
	n.folded = index.Fold(n.Text)
	n.id = m.x.AddName(c.handle, n.Name)
	c.names = append(c.names, n)
	for range max(0, m.random.IntN(7)-2) {
		m.count(n, index.Change{Online: 1})
	}
	if m.random.IntN(3) == 0 {
		m.count(n, index.Change{Dormant: 1, Seen: 1000 + m.random.Int64N(1000)})
	}
}

func (m *model) count(n *modelName, change index.Change) {
	n.online += change.Online
	n.dormant += change.Dormant
	n.seen = max(n.seen, change.Seen)
	m.x.Count(change, n.id)
}

// stir makes a few changes, as joining and leaving peers do.
func (m *model) stir() {
	c := m.contents[m.random.IntN(len(m.contents))]
	n := c.names[m.random.IntN(len(c.names))]
	switch m.random.IntN(8) {
	case 0:
		m.add()
	case 1:
		m.x.Remove(n.id)
		if c.names = slices.DeleteFunc(c.names, func(o *modelName) bool { return o == n }); len(c.names) == 0 {
			m.contents = slices.DeleteFunc(m.contents, func(o *modelContent) bool { return o == c })
		}
	case 2:
		m.name(c)
	case 3:
		if n.online > 0 {
			m.count(n, index.Change{Online: -1, Dormant: 1, Seen: 2000 + m.random.Int64N(1000)})
		}
	case 4:
		if n.dormant > 0 {
			m.count(n, index.Change{Online: 1, Dormant: -1})
		}
	case 5:
		if n.dormant > 0 {
			m.count(n, index.Change{Dormant: -1})
		}
	default:
		m.count(n, index.Change{Online: 1})
	}
}

// question is a query along with its meaning.
type question struct {
	index.Query
	must, not []string
}

func (q *question) add(text string) {
	if q.Text != "" {
		q.Text += " "
	}
	q.Text += text
}

// places finds, in a different way from the index, where short terms may stand.
var places = map[string]*regexp.Regexp{}

func occurs(folded, term string) bool {
	if !strings.Contains(folded, term) || len([]rune(term)) >= 3 {
		return strings.Contains(folded, term)
	}
	if places[term] == nil {
		before := `(?:^|[^\p{L}\p{M}\p{N}])`
		if regexp.MustCompile(`^[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]`).MatchString(term) {
			before = ""
		}
		places[term] = regexp.MustCompile(before + regexp.QuoteMeta(term))
	}
	return places[term].MatchString(folded)
}

func (q *question) fits(n *modelName, added time.Time) bool {
	if n.online+n.dormant == 0 || n.online == 0 && !q.Offline || n.Size < q.MinSize || q.MaxSize >= 0 && n.Size > q.MaxSize ||
		q.Kind != "" && netproto.KindOf(n.Text, n.MIME, n.Folder) != q.Kind ||
		!q.Since.IsZero() && added.Before(q.Since) || !q.Until.IsZero() && !added.Before(q.Until) {
		return false
	}
	return !slices.ContainsFunc(q.must, func(t string) bool { return !occurs(n.folded, t) }) &&
		!slices.ContainsFunc(q.not, func(t string) bool { return occurs(n.folded, t) })
}

// match says how a name fits, in a different way from the index.
func (q *question) match(folded string) netproto.Match {
	var parts []string
	for _, t := range q.must {
		before := ""
		if len([]rune(t)) < 3 && !regexp.MustCompile(`^[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]`).MatchString(t) {
			before = `(?:^|[^\p{L}\p{M}\p{N}])`
		}
		parts = append(parts, before+regexp.QuoteMeta(t))
	}
	const separated, anything, extension = `[^\p{L}\p{M}\p{N}]*`, `(?s:.*?)`, `(?:\.[\p{L}\p{M}\p{N}]{1,5}){0,2}$`
	first := "^" + regexp.QuoteMeta(q.must[0])
	whole := first
	for _, t := range q.must[1:] {
		whole += separated + regexp.QuoteMeta(t)
	}
	inOrder := strings.Join(parts[1:], anything)
	switch {
	case regexp.MustCompile(whole + extension).MatchString(folded):
		return netproto.MatchWhole
	case regexp.MustCompile(first + anything + inOrder).MatchString(folded):
		return netproto.MatchStart
	case regexp.MustCompile(parts[0] + anything + inOrder).MatchString(folded):
		return netproto.MatchOrder
	}
	return netproto.MatchWords
}

// answer answers by reading all names.
func (m *model) answer(q *question) []netproto.Hit {
	hits, folded := []netproto.Hit{}, map[string]string{}
	for _, c := range m.contents {
		var best *modelName
		online, seen := 0, int64(0)
		for _, n := range c.names {
			online += n.online
			seen = max(seen, n.seen)
			if q.fits(n, c.added) && (best == nil || n.online > best.online) {
				best = n
			}
		}
		if best == nil {
			continue
		}
		hit := netproto.Hit{Hash: c.hash, Name: best.Text, Size: best.Size, MIME: best.MIME, Folder: best.Folder, Sources: online, Added: c.added}
		if online == 0 {
			hit.LastSeen = time.Unix(seen, 0).UTC()
		}
		if q.Sort == netproto.SortBest && len(q.must) > 0 {
			hit.Match = q.match(best.folded)
		}
		hits = append(hits, hit)
		folded[best.Text] = best.folded
	}
	slices.SortFunc(hits, func(a, b netproto.Hit) int {
		byName := strings.Compare(folded[a.Name], folded[b.Name])
		byHash := strings.Compare(string(a.Hash[:]), string(b.Hash[:]))
		if q.Reverse {
			a, b, byName, byHash = b, a, -byName, -byHash
		}
		switch q.Sort {
		case netproto.SortBest:
			return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(b.Sources, a.Sources), byName, byHash)
		case netproto.SortSources:
			return cmp.Or(cmp.Compare(b.Sources, a.Sources), byName, byHash)
		case netproto.SortSize:
			return cmp.Or(cmp.Compare(b.Size, a.Size), byHash)
		case netproto.SortNewest:
			return cmp.Or(b.Added.Compare(a.Added), byHash)
		}
		return cmp.Or(byName, byHash)
	})
	return hits
}

// compare reads all pages and compares them with the model.
func (m *model) compare(q *question) {
	m.t.Helper()
	want, got := m.answer(q), []netproto.Hit{}
	query := q.Query
	if m.random.IntN(8) == 0 {
		query.Looks = 300 + m.random.IntN(3000)
	}
	for {
		page, err := m.x.Search(m.t.Context(), query)
		if err != nil {
			m.t.Fatalf("%+v: %v", query, err)
		}
		got = append(got, page.Hits...)
		if query.Cursor = page.Next; query.Cursor == "" {
			break
		}
		if page.Short && page.Next == "" || !page.Short && len(page.Hits) != query.Limit {
			m.t.Fatalf("%+v: a page of %d that is not the last", query, len(page.Hits))
		}
		query.Limit = 1 + m.random.IntN(200)
	}
	if !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				m.t.Fatalf("%+v: %d hits, want %d; hit %d is %+v, want %+v", q, len(got), len(want), i, got[i], want[i])
			}
		}
		m.t.Fatalf("%+v: %d hits, want %d", q, len(got), len(want))
	}
}

// piece returns a part of an existing name with that many characters.
func (m *model) piece(least, most int) string {
	c := m.contents[m.random.IntN(len(m.contents))]
	name := []rune(c.names[m.random.IntN(len(c.names))].folded)
	n := min(len(name), least+m.random.IntN(most-least+1))
	at := m.random.IntN(len(name) - n + 1)
	return string(name[at : at+n])
}

// word returns a piece free of query syntax.
func (m *model) word(least, most int) string {
	for {
		if w := m.piece(least, most); !strings.ContainsAny(w, " \"") && !strings.HasPrefix(w, "-") {
			return w
		}
	}
}

// kindsOfQuestions make random questions, by kind.
var kindsOfQuestions = map[string]func(*model, *question){
	"all": func(*model, *question) {},
	"a word": func(m *model, q *question) {
		q.must = append(q.must, m.word(3, 8))
		q.add(strings.ToUpper(q.must[0]))
		if index.Fold(q.Text) != q.must[0] { // some letters change when they come back
			q.Text = q.must[0]
		}
	},
	"words": func(m *model, q *question) {
		for range 2 + m.random.IntN(2) {
			w := m.word(3, 4)
			q.must = append(q.must, w)
			q.add(w)
		}
	},
	"a phrase": func(m *model, q *question) {
		p := strings.TrimSpace(m.piece(4, 14))
		q.must = append(q.must, p)
		q.add(`"` + p + `"`)
	},
	"without a word": func(m *model, q *question) {
		with, without := m.word(3, 5), m.word(1, 4)
		q.must, q.not = append(q.must, with), append(q.not, without)
		q.add(with)
		q.add("-" + without)
	},
	"without a phrase": func(m *model, q *question) {
		p := strings.TrimSpace(m.piece(3, 6))
		q.not = append(q.not, p)
		q.add(`-"` + p + `"`)
	},
	"a beginning": func(m *model, q *question) {
		w := m.word(1, 2)
		q.must = append(q.must, w)
		q.add(w)
	},
	"a type": func(m *model, q *question) {
		q.Kind = []netproto.Kind{"video", "audio", "image", "document", "archive", "program", "folder", "other"}[m.random.IntN(8)]
		if m.random.IntN(2) == 0 {
			w := m.word(1, 4)
			q.must = append(q.must, w)
			q.add(w)
		}
	},
	"a size": func(m *model, q *question) {
		q.MinSize = m.random.Int64N(3e6)
		if m.random.IntN(2) == 0 {
			q.MaxSize = q.MinSize + m.random.Int64N(1<<m.random.IntN(22))
		}
		if m.random.IntN(2) == 0 {
			w := m.word(2, 4)
			q.must = append(q.must, w)
			q.add(w)
		}
	},
	"a time": func(m *model, q *question) {
		q.Since = epoch.Add(time.Duration(m.random.IntN(500)) * time.Second)
		if m.random.IntN(2) == 0 {
			q.Until = q.Since.Add(time.Duration(m.random.IntN(200)) * time.Second)
		}
		if m.random.IntN(2) == 0 {
			w := m.word(2, 4)
			q.must = append(q.must, w)
			q.add(w)
		}
	},
	"something absent": func(m *model, q *question) {
		w := fmt.Sprintf("%c%s", 'q', m.word(4, 8))
		q.must = append(q.must, w)
		q.add(w)
	},
}

func TestEverySearchFindsWhatReadingAllNamesFinds(t *testing.T) {
	contents, questions := 1200, 1000
	if raceEnabled {
		contents, questions = 800, 60
	}
	m := newModel(t, contents)
	sorts := []netproto.Sort{netproto.SortSources, netproto.SortName, netproto.SortSize, netproto.SortNewest, netproto.SortBest}
	for kind, ask := range kindsOfQuestions {
		t.Run(kind, func(t *testing.T) {
			m.t = t
			for i := range questions {
				if kind == "all" && i == 40 {
					break // each reads everything
				}
				sort := sorts[i%len(sorts)]
				q := &question{Query: index.Query{MaxSize: -1, Sort: sort, Reverse: sort != netproto.SortBest && m.random.IntN(2) == 0,
					Limit: 1 + m.random.IntN(60), Offline: m.random.IntN(3) == 0}}
				ask(m, q)
				m.compare(q)
				for range m.random.IntN(8) {
					m.stir()
				}
			}
		})
	}
	m.x.Settle()
	if size := m.x.Size(); size.Segments == 0 || size.Names == 0 || size.Bytes == 0 {
		t.Errorf("nothing was merged: %+v", size)
	}
}
