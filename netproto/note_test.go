package netproto

import (
	"bytes"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/netproto/nametest"
)

// goldenNotes says what the files in testdata/notes mean.
var goldenNotes = map[string]Note{
	"request": {
		Kind: NoteRequested, ID: RequestID(goldenInvite), From: "Zoë", Message: "two songs\nand a folder", Sent: goldenTime.Add(7 * time.Millisecond),
		Items: []NoteItem{
			{Hash: countingHash(), Size: 30 << 20, Name: "song.flac", Files: 1},
			{Hash: repeated(0xff), Size: MaxContentSize, Name: "Photos", Folder: true, Files: MaxFolderEntries},
		},
	},
	"accepted":  {Kind: NoteAnswered, ID: RequestID(goldenInvite), From: "Zoë", Result: NoteAccepted, Sent: goldenTime},
	"failed":    {Kind: NoteAnswered, ID: RequestID(goldenInvite), Result: NoteFailed, Sent: goldenTime},
	"withdrawn": {Kind: NoteWithdrawn, ID: RequestID(goldenInvite), From: "Zoë", Sent: goldenTime},
}

func TestNotesAreExactlyTheirGoldenBytes(t *testing.T) {
	files := golden(t, "notes")
	if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, slices.Sorted(maps.Keys(goldenNotes))) {
		t.Fatalf("the golden files are %q", names)
	}
	for name, want := range goldenNotes {
		raw, err := hex.DecodeString(strings.Join(strings.Fields(string(files[name])), ""))
		if err != nil {
			t.Fatal(err)
		}
		if written, err := AppendNote(nil, want); err != nil || !bytes.Equal(written, raw) {
			t.Errorf("%s is written as %x, %v", name, written, err)
		}
		got, err := ParseNote(raw)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s is read differently: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// badNotes are what nobody may send, and nobody takes.
func badNotes() map[string]Note {
	bad := map[string]Note{}
	spoil := func(what, good string, change func(n *Note)) {
		n := goldenNotes[good]
		n.Items = slices.Clone(n.Items)
		change(&n)
		bad[what] = n
	}
	spoil("no kind", "accepted", func(n *Note) { n.Kind = 0 })
	spoil("an unknown kind", "withdrawn", func(n *Note) { n.Kind = 4 })
	spoil("no id", "accepted", func(n *Note) { n.ID = RequestID{} })
	spoil("no result", "accepted", func(n *Note) { n.Result = 0 })
	spoil("an unknown result", "accepted", func(n *Note) { n.Result = 5 })
	spoil("a request with a result", "request", func(n *Note) { n.Result = NoteDone })
	spoil("a request for nothing", "request", func(n *Note) { n.Items = nil })
	spoil("an answer with items", "accepted", func(n *Note) { n.Items = goldenNotes["request"].Items })
	spoil("an answer with a message", "accepted", func(n *Note) { n.Message = "no" })
	spoil("too many items", "request", func(n *Note) { n.Items = slices.Repeat(n.Items[:1], MaxNoteItems+1) })
	spoil("a long name of the sender", "accepted", func(n *Note) { n.From = strings.Repeat("x", MaxPeerName+1) })
	spoil("a sender of two lines", "accepted", func(n *Note) { n.From = "a\nb" })
	spoil("a sender written backwards", "accepted", func(n *Note) { n.From = "a\u202eb" })
	spoil("a long message", "request", func(n *Note) { n.Message = strings.Repeat("x", MaxNoteMessage+1) })
	spoil("a message with a bell", "request", func(n *Note) { n.Message = "a\ab" })
	spoil("a message that is no text", "request", func(n *Note) { n.Message = "\xff" })
	spoil("before 1970", "accepted", func(n *Note) { n.Sent = time.UnixMilli(-1) })
	spoil("after the year 9999", "accepted", func(n *Note) { n.Sent = time.Date(10000, 1, 2, 0, 0, 0, 0, time.UTC) })
	spoil("a file without hash", "request", func(n *Note) { n.Items[0].Hash = ContentHash{} })
	spoil("a negative size", "request", func(n *Note) { n.Items[0].Size = -1 })
	spoil("an enormous size", "request", func(n *Note) { n.Items[0].Size = MaxContentSize + 1 })
	spoil("a file of two files", "request", func(n *Note) { n.Items[0].Files = 2 })
	spoil("a folder of too many", "request", func(n *Note) { n.Items[1].Files = MaxFolderEntries + 1 })
	for _, name := range nametest.Names() {
		if !name.Accept && len(name.Text) < 256 {
			spoil("the name "+name.Text, "request", func(n *Note) { n.Items[1].Name = name.Text })
		}
	}
	return bad
}

func TestABadNoteIsNeitherSentNorTaken(t *testing.T) {
	for what, n := range badNotes() {
		if raw, err := AppendNote(nil, n); err == nil {
			t.Errorf("%s: sent as %x", what, raw)
		}
	}
	good, err := AppendNote(nil, goldenNotes["request"])
	if err != nil {
		t.Fatal(err)
	}
	spoilt := map[string][]byte{
		"nothing":      nil,
		"too long":     append(bytes.Clone(good), 0),
		"far too long": append(bytes.Clone(good), make([]byte, MaxNoteText)...),
	}
	for i := range good {
		spoilt["cut at "+hex.EncodeToString([]byte{byte(i)})] = good[:i]
	}
	change := func(what string, at int, to byte) {
		raw := bytes.Clone(good)
		raw[at] = to
		spoilt[what] = raw
	}
	change("another version", 0, 2)
	change("another kind", 1, 2)
	change("a result", 26, 1)
	change("more items than there are", bytes.Index(good, []byte("folder"))+len("folder"), 100)
	change("an invisible sender", 28, 7)
	for what, raw := range spoilt {
		if n, err := ParseNote(raw); CodeOf(err) != CodeProtocol {
			t.Errorf("%s: read as %+v, %v", what, n, err)
		}
	}
}

func TestALongNoteSaysWhatToDo(t *testing.T) {
	n := goldenNotes["request"]
	n.Message = strings.Repeat("x", MaxNoteMessage)
	n.Items = nil
	for range MaxNoteItems {
		n.Items = append(n.Items, NoteItem{Hash: countingHash(), Name: strings.Repeat("n", 22), Files: 1})
	}
	if raw, err := AppendNote(nil, n); err != nil || len(raw) > MaxNoteText {
		t.Errorf("%d files with short names: %d bytes, %v", MaxNoteItems, len(raw), err)
	}
	for i := range n.Items {
		n.Items[i].Name = strings.Repeat("n", MaxNameBytes)
	}
	if _, err := AppendNote(nil, n); CodeOf(err) != CodeTooLarge || !strings.Contains(err.Error(), "send a folder") {
		t.Errorf("with the longest names: %v", err)
	}
}

// FuzzParseNote holds that a note has one form, and that nothing in it can hurt.
func FuzzParseNote(f *testing.F) {
	for _, n := range goldenNotes {
		raw, err := AppendNote(nil, n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := ParseNote(raw)
		if err != nil {
			if CodeOf(err) != CodeProtocol {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if again, err := AppendNote(nil, n); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x came back as %x, %v", raw, again, err)
		}
		for _, item := range n.Items {
			if err := CheckName(item.Name); err != nil {
				t.Fatal(err)
			}
		}
	})
}
