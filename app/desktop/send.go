//go:build !darwin || cgo

package desktop

import (
	"context"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// give sends what was dropped on a person at once. If something in it needs a
// decision, such as a file that looks like a secret, it is reviewed first.
func (d *drops) give(to face.Person, paths []string) {
	d.window.Tell(words.L("Checking the files…"))
	d.crossing.startWithin(reviewTime, func(ctx context.Context) func() {
		review, err := d.engine.ReviewSend(ctx, paths)
		err = pages.InTime(ctx, err)
		return func() {
			switch {
			case err != nil:
				d.window.Fail(err)
			case needsReview(review):
				d.reviewFor(to, paths)
			default:
				request := face.SendRequest{To: to.PeerID}
				for _, item := range review.Items {
					request.Items = append(request.Items, face.ShareItem{Path: item.Path})
				}
				send(d.window, d.engine, to, request, itemsOf(review))
			}
		}
	})
}

// needsReview reports whether a person has to decide about something.
func needsReview(review face.Review) bool {
	if len(review.Items) == 0 || len(review.Items) > netproto.MaxNoteItems || len(review.Skipped) > 0 {
		return true
	}
	for _, item := range review.Items {
		if item.Secret || len(item.Secrets) > 0 {
			return true
		}
	}
	return false
}

// itemsOf names what is sent: the one item, or how many files.
func itemsOf(review face.Review) string {
	if len(review.Items) == 1 {
		return netproto.Printable(words.CutName(review.Items[0].Name))
	}
	files := 0
	for _, item := range review.Items {
		files += item.Files
	}
	return words.Files(files)
}

// send offers files and folders to a person, and offers to take that back.
func send(w pages.Window, engine face.People, to face.Person, request face.SendRequest, what string) {
	id := ""
	w.Act(func(ctx context.Context) (err error) {
		id, err = engine.Send(ctx, request)
		return err
	}, func() {
		text := words.L("{{.What}}: {{.Name}} is asked to accept it.", words.Values{"What": what, "Name": portrait.Name(to)})
		if !to.Online {
			text = words.L("{{.What}}: {{.Name}} is asked as soon as they are online.", words.Values{"What": what, "Name": portrait.Name(to)})
		}
		w.TellNext(text, words.L("Take it back"), func() {
			w.Act(func(ctx context.Context) error { return engine.Withdraw(ctx, []string{id}) }, nil)
		})
	})
}

// send sends what is ticked in the review.
func (s *reviewSheet) send() {
	w, request := s.window, s.request()
	what := itemsOf(s.review)
	w.Sheets().CloseAll()
	send(w, s.engine, *s.to, face.SendRequest{To: s.to.PeerID, Items: request.Items, Message: s.message.Text}, what)
}

// sendTo lets the person choose somebody to send to, instead of sharing.
func (s *reviewSheet) sendTo() {
	paths := s.paths
	portrait.Choose(s.window, s.engine, func(to face.Person) { s.sendInstead(to, paths) })
}
