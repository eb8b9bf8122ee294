package netproto

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// A note is what two people tell each other through a tracker that must not read it.
// It travels sealed (identity.Seal). Opened, it is
//
//	u8 version 1 | u8 kind | 16 bytes id | i64 sent, in milliseconds since 1970 |
//	u8 result | u8 n | from | u16 n | message | u8 n | n × item
//
//	item: 32 bytes hash | i64 size | u8 1 = folder | u32 files | u8 n | name
//
// big-endian, and has exactly one such form.
const (
	noteVersion     = 1
	MaxNoteItems    = 100
	MaxNoteMessage  = 1 << 10            // bytes
	MaxNoteText     = MaxNoteBytes - 144 // of a note before it is sealed, in bytes
	noteItemBytes   = 32 + 8 + 1 + 4 + 1
	maxNoteSentYear = 9999 // RFC 3339 has no others
)

// NoteKind says what a note is about.
type NoteKind uint8

// The kinds of notes.
const (
	NoteRequested NoteKind = 1 // the sender offers Items
	NoteAnswered  NoteKind = 2 // Result is what became of a request
	NoteWithdrawn NoteKind = 3 // the sender takes a request back
)

// NoteResult is what became of a request.
type NoteResult uint8

// The results. A request may be answered twice: accepted, and then done or failed.
const (
	NoteAccepted NoteResult = 1
	NoteDeclined NoteResult = 2
	NoteDone     NoteResult = 3
	NoteFailed   NoteResult = 4
)

// RequestID names a request, and its answers: 16 random bytes that the sender makes.
type RequestID [16]byte

func (i RequestID) String() string { return base32Lower.EncodeToString(i[:]) }

// MarshalText makes an id a JSON string of 26 characters, as an [Invite] is.
func (i RequestID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads 26 characters.
func (i *RequestID) UnmarshalText(text []byte) error { return (*Invite)(i).UnmarshalText(text) }

// Note is a note that was opened. Only a request has a message and items, from 1 to
// MaxNoteItems; only an answer has a result.
type Note struct {
	Kind    NoteKind
	ID      RequestID
	From    string // display name of its sender, at most MaxPeerName bytes, all visible
	Message string // at most MaxNoteMessage bytes, all visible but line feeds
	Items   []NoteItem
	Result  NoteResult
	Sent    time.Time // by the clock of its sender, to the millisecond, in UTC
}

// NoteItem is a content that is offered.
type NoteItem struct {
	Hash   ContentHash
	Size   int64  // bytes; of a folder, all of its files
	Name   string // passes CheckName
	Folder bool
	Files  int // in the folder; 1 if it is none
}

// AppendNote appends a note as it is sealed. It fails if ParseNote would refuse it;
// with 100 items, their names can have about 20 bytes each.
func AppendNote(b []byte, n Note) ([]byte, error) {
	if err := n.check(); err != nil {
		return b, Errorf(CodeInvalid, "%w", err)
	}
	start := len(b)
	b = append(append(b, noteVersion, byte(n.Kind)), n.ID[:]...)
	b = be.AppendUint64(b, uint64(n.Sent.UnixMilli()))
	b = append(append(b, byte(n.Result), byte(len(n.From))), n.From...)
	b = append(be.AppendUint16(b, uint16(len(n.Message))), n.Message...)
	b = append(b, byte(len(n.Items)))
	for _, item := range n.Items {
		b = be.AppendUint64(append(b, item.Hash[:]...), uint64(item.Size))
		folder := byte(0)
		if item.Folder {
			folder = 1
		}
		b = be.AppendUint32(append(b, folder), uint32(item.Files))
		b = append(append(b, byte(len(item.Name))), item.Name...)
	}
	if len(b)-start > MaxNoteText {
		return b[:start], Errorf(CodeTooLarge, "the names and the message have %d bytes together, %d are allowed: send a folder, or fewer files at once",
			len(b)-start, MaxNoteText)
	}
	return b, nil
}

// ParseNote reads a note that was opened. An error is CodeProtocol.
func ParseNote(raw []byte) (Note, error) {
	if len(raw) > MaxNoteText {
		return Note{}, Errorf(CodeProtocol, "a note of %d bytes, %d are allowed", len(raw), MaxNoteText)
	}
	p := parser{rest: raw}
	if version := p.u8(); version != noteVersion {
		p.fail("a note of version %d, this program knows %d", version, noteVersion)
	}
	n := Note{Kind: NoteKind(p.u8()), ID: RequestID(p.take(16))}
	n.Sent = time.UnixMilli(int64(p.u64())).UTC()
	n.Result = NoteResult(p.u8())
	n.From = string(p.take(int(p.u8())))
	n.Message = string(p.take(int(p.u16())))
	items := int(p.u8())
	if items > MaxNoteItems || items*noteItemBytes > len(p.rest) {
		p.fail("%d items in %d bytes", items, len(p.rest))
	} else if items > 0 {
		n.Items = make([]NoteItem, items)
	}
	for i := range n.Items {
		item := NoteItem{Hash: p.array32(), Size: int64(p.u64()), Folder: p.flag()}
		item.Files = int(p.u32())
		item.Name = string(p.take(int(p.u8())))
		n.Items[i] = item
	}
	if p.err == nil && len(p.rest) > 0 {
		p.fail("a note has %d bytes too many", len(p.rest))
	}
	if p.err != nil {
		return Note{}, Errorf(CodeProtocol, "a note cannot be read: %w", p.err)
	}
	if err := n.check(); err != nil {
		return Note{}, Errorf(CodeProtocol, "a note: %w", err)
	}
	return n, nil
}

// check returns why a note must not be sent, or nil.
func (n Note) check() error {
	request, answer := n.Kind == NoteRequested, n.Kind == NoteAnswered
	switch {
	case n.Kind < NoteRequested || n.Kind > NoteWithdrawn:
		return fmt.Errorf("its kind is %d", n.Kind)
	case n.ID == RequestID{}:
		return fmt.Errorf("it is about no request")
	case answer != (n.Result != 0) || n.Result > NoteFailed:
		return fmt.Errorf("a note of kind %d has the result %d", n.Kind, n.Result)
	case request != (len(n.Items) > 0) || len(n.Items) > MaxNoteItems:
		return fmt.Errorf("a note of kind %d has %d items, %d are allowed", n.Kind, len(n.Items), MaxNoteItems)
	case !request && n.Message != "":
		return fmt.Errorf("a note of kind %d has a message", n.Kind)
	case len(n.From) > MaxPeerName || !visible(n.From, false):
		return fmt.Errorf("the name of its sender has more than %d bytes, or invisible characters", MaxPeerName)
	case len(n.Message) > MaxNoteMessage || !visible(n.Message, true):
		return fmt.Errorf("its message has more than %d bytes, or invisible characters", MaxNoteMessage)
	case n.Sent.UnixMilli() < 0 || n.Sent.UTC().Year() > maxNoteSentYear:
		return fmt.Errorf("it was sent in the year %d", n.Sent.UTC().Year())
	}
	for _, item := range n.Items {
		if err := item.check(); err != nil {
			return err
		}
	}
	return nil
}

func (i NoteItem) check() error {
	switch {
	case i.Hash.IsZero():
		return fmt.Errorf("an item has no hash")
	case i.Size < 0 || i.Size > MaxContentSize:
		return fmt.Errorf("an item has %d bytes", i.Size)
	case i.Files < 0 || i.Files > MaxFolderEntries || !i.Folder && i.Files != 1:
		return fmt.Errorf("an item has %d files", i.Files)
	}
	return CheckName(i.Name)
}

// visible reports whether text is UTF-8 of characters that can be seen. A text of
// several lines may have line feeds.
func visible(text string, lines bool) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if Invisible(r) && (r != '\n' || !lines) {
			return false
		}
	}
	return true
}
