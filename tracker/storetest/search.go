package storetest

import (
	"fmt"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// walk reads all pages of a query.
func (h *house) walk(q store.Query, between func(page int)) []netproto.Hit {
	h.Helper()
	var hits []netproto.Hit
	for n := 0; ; n++ {
		page, err := h.Search(h.ctx, q)
		if err != nil {
			h.Fatalf("page %d of %+v: %v", n, q, err)
		}
		hits = append(hits, page.Items...)
		if page.Next == "" {
			return hits
		}
		if len(page.Items) != q.Limit {
			h.Fatalf("page %d has %d hits and is not the last", n, len(page.Items))
		}
		q.Cursor = page.Next
		between(n)
	}
}

var searchTests = map[string]func(*house){
	"all words must occur, in any order and case": func(h *house) {
		h.join(1)
		h.announce(1, file("Über den Wolken.mp3"), file("WOLKEN und Straße.flac"), file("Himmel.mp3"))
		for query, want := range map[string][]string{
			"":               {"Himmel.mp3", "Über den Wolken.mp3", "WOLKEN und Straße.flac"},
			"  \t ":          {"Himmel.mp3", "Über den Wolken.mp3", "WOLKEN und Straße.flac"},
			"wolken":         {"Über den Wolken.mp3", "WOLKEN und Straße.flac"},
			"Wolken über":    {"Über den Wolken.mp3"},
			"STRASSE wolken": {"WOLKEN und Straße.flac"},
			"olk":            {"Über den Wolken.mp3", "WOLKEN und Straße.flac"},
			"u\u0308BER":     {"Über den Wolken.mp3"}, // in another normal form
			"wolken himmel":  {},
			"mp3":            {"Himmel.mp3", "Über den Wolken.mp3"},
		} {
			if got := h.found(query); !slices.Equal(got, want) {
				h.Errorf("%q finds %q, want %q", query, got, want)
			}
		}
	},
	"a search can ask for a kind and a size": func(h *house) {
		h.join(1)
		h.announce(1, file("a.mkv"), file("bb.mkv"), file("song.mp3"), netproto.Resource{Hash: hash("f"), Name: "folder", Folder: true})
		for _, c := range []struct {
			q    store.Query
			want []string
		}{
			{store.Query{Kind: netproto.KindVideo, MaxSize: -1}, []string{"a.mkv", "bb.mkv"}},
			{store.Query{Kind: netproto.KindFolder, MaxSize: -1}, []string{"folder"}},
			{store.Query{MinSize: 6000, MaxSize: -1}, []string{"bb.mkv", "song.mp3"}},
			{store.Query{MinSize: 6000, MaxSize: 6000}, []string{"bb.mkv"}},
			{store.Query{MaxSize: 0}, []string{"folder"}},
			{store.Query{Kind: netproto.KindVideo, MinSize: 5001, MaxSize: 1 << 40}, []string{"bb.mkv"}},
		} {
			c.q.Sort, c.q.Limit = netproto.SortName, 10
			if got := h.names(c.q); !slices.Equal(got, c.want) {
				h.Errorf("%+v finds %q, want %q", c.q, got, c.want)
			}
		}
	},
	"phrases, words that must not occur, and types can stand in the text": func(h *house) {
		h.join(1)
		h.announce(1, file("Red Blue - Live.mp3"), file("blue red.mp3"), file("red blue.mkv"))
		for query, want := range map[string][]string{
			`"red blue"`:                 {"Red Blue - Live.mp3", "red blue.mkv"},
			`red -live`:                  {"blue red.mp3", "red blue.mkv"},
			`-"blue r" mp3`:              {"Red Blue - Live.mp3"},
			"type:audio":                 {"blue red.mp3", "Red Blue - Live.mp3"},
			"red -type:AUDIO":            {"red blue.mkv"},
			`"Red Blue - Live.mp3"`:      {"Red Blue - Live.mp3"},
			"Live - Red":                 {"Red Blue - Live.mp3"},
			"b":                          {"blue red.mp3", "Red Blue - Live.mp3", "red blue.mkv"},
			"l":                          {"Red Blue - Live.mp3"},
			"ue":                         {},
			`type:audio type:video -`:    {},
			`"unclosed phrases are read`: {},
		} {
			if got := h.found(query); !slices.Equal(got, want) {
				h.Errorf("%q finds %q, want %q", query, got, want)
			}
		}
		_, err := h.Search(h.ctx, store.Query{Text: "type:smell", MaxSize: -1, Sort: netproto.SortName, Limit: 1})
		h.wantCode(err, netproto.CodeInvalid)
	},
	"contents without an online source are found when asked for, with when they were seen": func(h *house) {
		for n := range 3 {
			h.join(n)
		}
		h.announce(0, file("gone.txt"), file("here.txt"), file("withdrawn.txt"))
		h.announce(1, file("gone.txt"), file("here.txt"))
		h.announce(2, file("here.txt"))
		if _, err := h.Withdraw(h.ctx, peer(0).ID(), []netproto.ContentHash{hash("withdrawn.txt")}); err != nil {
			h.Fatal(err)
		}
		for n := range 2 {
			h.pass(time.Second)
			if err := h.Leave(h.ctx, peer(n).ID()); err != nil {
				h.Fatal(err)
			}
		}
		left := h.Now().Truncate(time.Second)
		for range 2 {
			if got := h.found("txt"); !slices.Equal(got, []string{"here.txt"}) {
				h.Fatalf("online: %q", got)
			}
			page, err := h.Search(h.ctx, store.Query{Text: "txt", MaxSize: -1, Sort: netproto.SortSources, Limit: 9, Offline: true})
			if err != nil || !slices.Equal(namesOf(page.Items), []string{"here.txt", "gone.txt"}) {
				h.Fatalf("online or not: %+v, %v", page.Items, err)
			}
			if here, gone := page.Items[0], page.Items[1]; here.Sources != 1 || !here.LastSeen.IsZero() || gone.Sources != 0 || !gone.LastSeen.Equal(left) {
				h.Fatalf("%+v %+v, want the second to be seen at %s", here, gone, left)
			}
			h.restart()
		}
		h.join(1)
		if got := h.found("gone"); !slices.Equal(got, []string{"gone.txt"}) {
			h.Fatalf("after a source came back: %q", got)
		}
	},
	"hits come in the order that was asked for": func(h *house) {
		for n := range 3 {
			h.join(n)
			h.pass(time.Second)
		}
		h.announce(0, file("ccc"))
		h.pass(time.Second)
		h.announce(0, file("bb"), file("dddd"))
		h.pass(time.Second)
		h.announce(0, file("a"))
		h.announce(1, file("dddd"), file("bb"))
		h.announce(2, file("dddd"))
		for sort, want := range map[netproto.Sort][]string{
			netproto.SortSources: {"dddd", "bb", "a", "ccc"},
			netproto.SortName:    {"a", "bb", "ccc", "dddd"},
			netproto.SortSize:    {"dddd", "ccc", "bb", "a"},
		} {
			if got := h.names(store.Query{MaxSize: -1, Sort: sort, Limit: 10}); !slices.Equal(got, want) {
				h.Errorf("by %s: %q, want %q", sort, got, want)
			}
		}
		got := h.names(store.Query{MaxSize: -1, Sort: netproto.SortNewest, Limit: 10})
		slices.Sort(got[1:3]) // announced together
		if !slices.Equal(got, []string{"a", "bb", "dddd", "ccc"}) {
			h.Errorf("the newest first: %q", got)
		}
	},
	"the best match comes first": func(h *house) {
		for n := range 3 {
			h.join(n)
		}
		h.announce(0, file("lecture 01.pdf"), file("Lecture 01 - Sets.pdf"), file("Algebra lecture 01.pdf"), file("01 lecture.pdf"))
		h.announce(1, file("Lecture 01 - Sets.pdf"), file("Algebra lecture 01.pdf"), file("01 lecture.pdf"))
		h.announce(2, file("01 lecture.pdf"))
		q := store.Query{Text: "lecture 01", MaxSize: -1, Sort: netproto.SortBest, Limit: 2}
		hits := h.walk(q, func(int) {})
		if got := namesOf(hits); !slices.Equal(got, []string{"lecture 01.pdf", "Lecture 01 - Sets.pdf", "Algebra lecture 01.pdf", "01 lecture.pdf"}) {
			h.Errorf("the best first: %q", got)
		}
		for i, hit := range hits {
			if int(hit.Match) != i+1 {
				h.Errorf("%q is match %d, want %d", hit.Name, hit.Match, i+1)
			}
		}
		q.Reverse = true
		_, err := h.Search(h.ctx, q)
		h.wantCode(err, netproto.CodeInvalid)
	},
	"a corrected word is one of a visible name": func(h *house) {
		h.join(1)
		h.join(2)
		secret := file("Photograph of nobody.jpg")
		secret.Hidden = true
		h.announce(1, file("Einführung.pdf"), secret)
		h.announce(2, file("Telephone.txt"))
		if err := h.Leave(h.ctx, peer(2).ID()); err != nil {
			h.Fatal(err)
		}
		for text, want := range map[string]string{"einfurung pdf": "Einführung pdf", "fotograph": "", "telefone": "", "einführung": ""} {
			page, err := h.Search(h.ctx, store.Query{Text: text, MaxSize: -1, Sort: netproto.SortBest, Limit: 10})
			if err != nil || page.Corrected != want {
				h.Errorf("%q is corrected to %q, %v; want %q", text, page.Corrected, err, want)
			}
		}
	},
	"a search can ask for what one peer shares, and for a time": func(h *house) {
		h.join(1)
		h.join(2)
		began := h.Now()
		theirs := file("shared by both.txt")
		theirs.Name = "the other name.txt"
		secret := file("secret.txt")
		secret.Hidden = true
		h.announce(1, file("shared by both.txt"), file("mine.txt"), secret)
		h.pass(time.Hour)
		h.join(1)
		h.join(2)
		h.announce(2, theirs, file("yours.txt"))
		for _, c := range []struct {
			q    store.Query
			want []string
		}{
			{store.Query{Owner: peer(1).ID()}, []string{"mine.txt", "shared by both.txt"}},
			{store.Query{Owner: peer(2).ID()}, []string{"the other name.txt", "yours.txt"}},
			{store.Query{Owner: peer(2).ID(), Text: "other"}, []string{"the other name.txt"}},
			{store.Query{Owner: peer(2).ID(), Text: "both"}, []string{}},
			{store.Query{Since: began.Add(time.Minute)}, []string{"yours.txt"}},
			{store.Query{Until: began.Add(time.Minute)}, []string{"mine.txt", "shared by both.txt"}},
			{store.Query{Since: began, Until: began}, []string{}},
			{store.Query{Owner: peer(2).ID(), Until: began.Add(time.Minute)}, []string{"the other name.txt"}},
		} {
			for _, sort := range []netproto.Sort{netproto.SortName, netproto.SortBest, netproto.SortNewest} {
				c.q.MaxSize, c.q.Sort, c.q.Limit = -1, sort, 1
				got := namesOf(h.walk(c.q, func(int) {}))
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					h.Errorf("%+v finds %q, want %q", c.q, got, c.want)
				}
			}
		}
		_, err := h.Search(h.ctx, store.Query{Owner: peer(3).ID(), MaxSize: -1, Sort: netproto.SortName, Limit: 1})
		h.wantCode(err, netproto.CodeNotFound)
		page, err := h.Search(h.ctx, store.Query{Owner: peer(1).ID(), MaxSize: -1, Sort: netproto.SortName, Limit: 1})
		if err != nil || page.Next == "" {
			h.Fatal(page, err)
		}
		_, err = h.Search(h.ctx, store.Query{Owner: peer(2).ID(), MaxSize: -1, Sort: netproto.SortName, Limit: 1, Cursor: page.Next})
		h.wantCode(err, netproto.CodeInvalid)
	},
	"several names of one content are one hit under the name that fits": func(h *house) {
		for n, name := range []string{"holiday.jpg", "IMG_0042.jpg", "IMG_0042.jpg"} {
			h.join(n)
			r := file("photo")
			r.Name = name
			h.announce(n, r)
		}
		for query, want := range map[string]string{"": "IMG_0042.jpg", "jpg": "IMG_0042.jpg", "holi": "holiday.jpg", "img": "IMG_0042.jpg"} {
			page, err := h.Search(h.ctx, store.Query{Text: query, MaxSize: -1, Sort: netproto.SortSources, Limit: 10})
			if err != nil || len(page.Items) != 1 || page.Items[0].Name != want || page.Items[0].Sources != 3 {
				h.Errorf("%q finds %+v, %v; want %s with 3 sources", query, page.Items, err, want)
			}
		}
		if got := h.found("holiday img"); len(got) != 0 {
			h.Errorf("words of two names were found together: %q", got)
		}
	},
	"pages follow one another while names come and go": func(h *house) {
		var want []string
		for n := range 9 {
			h.join(n)
			for i := range 40 {
				name := fmt.Sprintf("file %d %02d.txt", n, i)
				h.announce(n, file(name))
				want = append(want, name)
			}
		}
		for _, sort := range []netproto.Sort{netproto.SortName, netproto.SortSize, netproto.SortNewest} {
			hits := h.walk(store.Query{Text: "txt file", MaxSize: -1, Sort: sort, Limit: 7}, func(page int) {
				n := 10 + page%3
				h.join(n)
				name := fmt.Sprintf("file %s %03d.txt", sort, page)
				h.announce(n, file(name))
				if page%2 == 0 {
					if _, err := h.Withdraw(h.ctx, peer(n).ID(), []netproto.ContentHash{hash(name)}); err != nil {
						h.Fatal(err)
					}
				}
			})
			times := map[string]int{}
			for _, name := range namesOf(hits) {
				times[name]++
			}
			for _, name := range want {
				if times[name] != 1 {
					h.Fatalf("by %s: %q was returned %d times", sort, name, times[name])
				}
			}
		}
	},
	"a cursor of another query or a damaged one is refused": func(h *house) {
		h.join(1)
		h.announce(1, file("aa"), file("ab"), file("ac"))
		q := store.Query{Text: "a", MaxSize: -1, Sort: netproto.SortName, Limit: 1}
		page, err := h.Search(h.ctx, q)
		if err != nil || page.Next == "" {
			h.Fatal(page, err)
		}
		if len(page.Next) > netproto.MaxCursorBytes {
			h.Fatalf("a cursor of %d bytes", len(page.Next))
		}
		for _, change := range []func(*store.Query){
			func(q *store.Query) { q.Text = "b" },
			func(q *store.Query) { q.Sort = netproto.SortSize },
			func(q *store.Query) { q.Kind = netproto.KindOther },
			func(q *store.Query) { q.MinSize = 1 },
			func(q *store.Query) { q.MaxSize = 9 },
			func(q *store.Query) { q.Cursor = "!" },
			func(q *store.Query) { q.Cursor = q.Cursor[:9] },
			func(q *store.Query) { q.Cursor = q.Cursor + q.Cursor + q.Cursor + q.Cursor },
		} {
			other := q
			other.Cursor = page.Next
			change(&other)
			_, err := h.Search(h.ctx, other)
			h.wantCode(err, netproto.CodeInvalid)
		}
		_, err = h.PeerResources(h.ctx, peer(1).ID(), 1, page.Next)
		h.wantCode(err, netproto.CodeInvalid)
	},
	"the shares of one peer can be browsed": func(h *house) {
		h.join(1)
		h.join(2)
		var want []string
		for i := range 25 {
			want = append(want, fmt.Sprintf("mine %02d", i))
			h.announce(1, file(want[i]))
		}
		h.announce(2, file("mine 03"), file("theirs"))
		var got []netproto.Hit
		cursor := ""
		for {
			page, err := h.PeerResources(h.ctx, peer(1).ID(), 10, cursor)
			if err != nil {
				h.Fatal(err)
			}
			got = append(got, page.Items...)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(namesOf(got), want) || got[3].Sources != 2 {
			h.Fatalf("%+v", got)
		}
		_, err := h.PeerResources(h.ctx, peer(3).ID(), 10, "")
		h.wantCode(err, netproto.CodeNotFound)
		h.reset(1)
		if page, err := h.PeerResources(h.ctx, peer(1).ID(), 10, ""); err != nil || page.Items == nil || len(page.Items) != 0 {
			h.Fatalf("a peer without shares: %+v, %v", page, err)
		}
	},
}
