//go:build !darwin || cgo

package pages

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// inviteOf returns a link that leads others to the tracker in use, or, if that is
// none, to the one on this computer; "" if there is no tracker. problem says why
// others cannot use the link.
func inviteOf(view face.TrackerView) (link string, problem face.LinkProblem) {
	own := view.Own.Running && view.Own.Invite != ""
	if own && (view.Address == "" || slices.Contains(view.Own.Addresses, view.Address)) {
		return view.Own.Invite, view.Own.LinkProblem
	}
	if view.Address == "" {
		return "", ""
	}
	return netproto.Link{Tracker: cmp.Or(view.LinkAddress, view.Address), Fingerprint: view.Fingerprint, Size: -1}.String(), ""
}

// Invite shows how to invite people to the tracker in use: a link, and its QR code.
// Without a tracker it leads to the page where one is chosen.
func Invite(w Window, engine face.Trackers) {
	Ask(w, engine.Tracker, func(view face.TrackerView, err error) {
		link, problem := inviteOf(view)
		switch {
		case err != nil:
			w.Fail(err)
		case link == "":
			w.GoTo(PlaceTracker)
			w.Tell(words.L("Choose a tracker first, or run one yourself. Then you can invite people to it."))
		default:
			ShowCode(w, words.L("Invite people"), inviteWords(problem), link, words.L("Copy invite link"))
		}
	})
}

// inviteWords says what to do with the link, or why it is of no use.
func inviteWords(problem face.LinkProblem) string {
	if text := words.LinkProblem(problem); text != "" {
		return text
	}
	return words.L("Send this link to the people you want to share with. It leads them to the tracker that you use.")
}

// InviteCard is the part of the Tracker page from which people are invited.
type InviteCard struct {
	Card    fyne.CanvasObject
	problem *kit.Text
	link    string
}

// NewInviteCard returns a card that is hidden before [InviteCard.Show].
func NewInviteCard(w Window) *InviteCard {
	c := &InviteCard{problem: kit.Paragraph("")}
	buttons := container.NewHBox(
		kit.PrimaryButton(words.L("Copy invite link"), theme.ContentCopyIcon(), func() {
			w.Copy(c.link, words.L("Link copied. Anyone who opens it uses this tracker."))
		}),
		kit.NewButtonWithIcon(words.L("Show QR code"), theme.GridIcon(), func() {
			ShowCode(w, words.L("Invite people"), c.problem.Text, c.link, words.L("Copy invite link"))
		}))
	c.Card = kit.Card(words.L("Invite people"), c.problem, buttons)
	c.Card.Hide()
	return c
}

// Show reports whether the card takes other room.
func (c *InviteCard) Show(view face.TrackerView) bool {
	link, problem := inviteOf(view)
	c.link = link
	text := inviteWords(problem)
	changed := c.problem.Text != text
	if changed {
		c.problem.SetText(text)
	}
	return kit.Reveal(nil, c.Card, link != "") || changed
}
