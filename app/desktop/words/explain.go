package words

import (
	"slices"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Message is a failure as a person reads it.
type Message struct {
	What string // what happened: a sentence without its full stop
	Why  string // which file, address or value; may be empty
	Next string // what to do: a sentence
}

// String returns the whole message on one line.
func (m Message) String() string { return m.Headline() + " " + m.Next }

// Headline returns one sentence that says what happened, and why.
func (m Message) Headline() string {
	return L("{{.Sentence}}.", Values{"Sentence": m.Clause()})
}

// Clause returns the headline without its full stop, for a line that goes on.
func (m Message) Clause() string {
	if m.Why == "" {
		return m.What
	}
	return L("{{.What}}: {{.Why}}", Values{"What": m.What, "Why": strings.TrimRight(m.Why, ".")})
}

// deskWord is what a person in front of a window reads about a code.
type deskWord struct {
	code       netproto.Code
	what, next Phrase
}

// deskWords say what that person can do. Those of netproto speak of commands,
// and of a peer's own files.
var deskWords = []deskWord{
	{netproto.CodeBadRequest, "The other side did not understand the request", "Update CentralizedP2P on both computers."},
	{netproto.CodeCertificate, "The tracker asks for a key that was not sent", "Check that the address is that of a tracker and not of a web site."},
	{netproto.CodeDenied, "The other side does not allow this", "Ask its owner for access."},
	{netproto.CodeTLS, "The connection to the tracker was not encrypted", "Update CentralizedP2P on both computers."},
	{netproto.CodeInvite, "This tracker is private: it serves its members only", "Ask its owner for an invite link and open it."},
	{netproto.CodeBanned, "The owner of the tracker has banned this", "Ask the owner why, or use another tracker."},
	{netproto.CodeNotFound, "Nothing was found", "Try again when its owner is online."},
	{netproto.CodeMethod, "The other side does not know this request", "Update CentralizedP2P on both computers."},
	{netproto.CodeJoinFirst, "The tracker no longer knows this computer", "It rejoins automatically; try again in a moment."},
	{netproto.CodeTooLarge, "This is more than the tracker accepts", "Share fewer files at once."},
	{netproto.CodeInvalid, "That doesn’t look right", "Correct it and try again."},
	{netproto.CodeTooMany, "Too many requests in a short time", "Wait a moment and try again."},
	{netproto.CodeFull, "The tracker is at its limit", "Try again later, or use another tracker."},
	{netproto.CodeStoreAway, "The tracker cannot reach its database", "It comes back automatically; try again in a moment."},
	{netproto.CodeWrongNode, "This node of the tracker does not answer that", "Another node is asked automatically if its address is known."},
	{netproto.CodeInternal, "Something went wrong inside the program", "Try again; if it keeps failing, copy the diagnostics in Settings and report it."},
	{netproto.CodeBusy, "The other computer is busy", "It is asked again automatically."},
	{netproto.CodeQueued, "The other computer put this in its queue", "It starts automatically when its turn comes."},
	{netproto.CodeGone, "The other computer no longer has this", "Another source is used if there is one."},
	{netproto.CodeUnreachable, "The tracker cannot be reached", "Check its address and that it is running, or choose another one on the Tracker page."},
	{netproto.CodeKeyChanged, "The tracker’s identity has changed",
		"Ask its owner whether the key was changed, then decide on the Tracker page. Somebody may be impersonating it."},
	{netproto.CodePeerUnreachable, "The other computer cannot be reached", "It is tried again automatically."},
	{netproto.CodeProtocol, "The two programs do not understand each other", "Update CentralizedP2P on both computers."},
	{netproto.CodeWrongPiece, "A source sent wrong data and is no longer used", "Another source is used if there is one."},
	{netproto.CodeNoSource, "Nobody who has this is online", "It starts automatically when somebody is."},
	{netproto.CodePortInUse, "The port is used by another program", "Choose another port in Settings, or close that program."},
	{netproto.CodeProfileInUse, "CentralizedP2P is already running", "Use its window, or close it first."},
	{netproto.CodeFileUnreadable, "The file cannot be read", "Check that it still exists and that you may read it."},
	{netproto.CodeFolderUnwritable, "The folder cannot be written to", "Choose another folder in Settings, or change its permissions."},
	{netproto.CodeNoSpace, "There is not enough space on the disk", "Free some space; the download then continues by itself."},
	{netproto.CodeFileChanged, "The file changed while it was being read", "It is checked again once it stops changing."},
	{netproto.CodeSeedTooLarge, "The file is too large for the old program that shares it", "Ask its owner to share it with CentralizedP2P."},
	{netproto.CodeSeedChecksum, "What arrived is not what was offered", "Nothing was saved. Ask its owner to share the file again."},
	{netproto.CodeSeedSilent, "The old program that shares this does not answer", "Try again when it is online."},
	{netproto.CodeStore, "The folder with the settings cannot be used", "Check its permissions and the space on its disk."},
	{netproto.CodeCancelled, "Cancelled", "Start it again to continue."},
	{netproto.CodeUsage, "Unknown command-line option", "Start the program without options."},
	{netproto.CodeWatchLimit, "The system cannot watch any more folders for changes", "Changes are still noticed, about a minute later."},
	{netproto.CodePrivate, "This is private and is not shared", "Tick it when you share it if others may have it. Keys of this program are never shared."},
	{netproto.CodeNotFolder, "This is a file, although somebody shares it as a folder", "Download it: it is saved as a file."},
	{netproto.CodeAmbiguous, "Several different files have this name", "Choose one of them in the search."},
}

// atStart are what helps at the first start, in place of words that lead to a page.
var atStart = map[netproto.Code]Phrase{
	netproto.CodeUnreachable:      "Check its address and that it is running, or choose another one.",
	netproto.CodeKeyChanged:       "Ask its owner whether the key was changed. Somebody may be impersonating it.",
	netproto.CodePortInUse:        "Close that program and try again.",
	netproto.CodeFolderUnwritable: "Choose another folder, or change its permissions.",
	netproto.CodeInternal:         "Try again. If it keeps failing, report it.",
}

// wordsOf returns the words for a code, if there are any.
func wordsOf(code netproto.Code) (deskWord, bool) {
	i := slices.IndexFunc(deskWords, func(w deskWord) bool { return w.code == code })
	if i < 0 {
		return deskWord{}, false
	}
	return deskWords[i], true
}

// ExplainAtStart is [Explain] for the first start, when no page can be seen yet.
func ExplainAtStart(f face.Failure) Message {
	m := Explain(f)
	if next, ok := atStart[f.Code]; ok {
		m.Next = next.String()
	}
	return m
}

// SlowAtStart says at the first start that something took too long.
func SlowAtStart() Message {
	return Message{What: L("Timed out"), Next: atStart[netproto.CodeInternal].String()}
}

// Explain turns a failure into words: what happened, why, and what to do next.
// Nothing else does. Text from elsewhere is made safe to show, and words of Go and of
// the system are replaced by those of a person.
func Explain(f face.Failure) Message {
	m := Message{Why: netproto.Printable(reason(f.Detail))}
	if text, ok := wordsOf(f.Code); ok {
		m.What, m.Next = text.what.String(), text.next.String()
	} else {
		m.What, m.Next = f.Code.What(), f.Code.Hint()
	}
	return m
}
