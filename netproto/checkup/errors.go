package checkup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// maxKept is how many of the last errors are kept.
const maxKept = 20

// Errors keeps the last warnings and errors of a log. Of each it keeps its message, which
// is a text of this program, and the code of its error. Attributes, which may hold names
// of files, are not kept.
type Errors struct {
	mu   sync.Mutex
	kept []keptError // the oldest first
}

type keptError struct {
	at    time.Time
	text  string
	times int
}

// Keep returns a log that writes to l and whose last errors are kept.
func (e *Errors) Keep(l *slog.Logger) *slog.Logger { return slog.New(keeper{l.Handler(), e}) }

// Finding says what the last errors were.
func (e *Errors) Finding() netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicErrors, State: netproto.FindingGood}
	e.mu.Lock()
	defer e.mu.Unlock()
	f.Say(netproto.Detail{Kind: netproto.DetailErrors, Number: int64(len(e.kept))})
	var said []string
	for _, k := range e.kept {
		text := k.at.UTC().Format("2006-01-02 15:04:05Z ") + k.text
		if k.times > 1 {
			text += fmt.Sprintf(" (%d times)", k.times)
		}
		said = append(said, text)
	}
	if len(said) > 0 {
		f.State, f.Do, f.Fact = netproto.FindingWarning, netproto.RemedyReadLog, strings.Join(said, "; ")
	}
	return f
}

func (e *Errors) keep(text string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := len(e.kept) - 1; last >= 0 && e.kept[last].text == text {
		e.kept[last].at, e.kept[last].times = at, e.kept[last].times+1
		return
	}
	e.kept = append(e.kept, keptError{at, text, 1})
	if len(e.kept) > maxKept {
		e.kept = append(e.kept[:0], e.kept[len(e.kept)-maxKept:]...)
	}
}

// keeper is the handler of a log whose last errors are kept.
type keeper struct {
	slog.Handler
	errors *Errors
}

// Enabled implements slog.Handler: warnings are kept even if nobody reads the log.
func (k keeper) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || k.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (k keeper) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		text := r.Message
		r.Attrs(func(a slog.Attr) bool {
			if err, ok := a.Value.Any().(error); ok {
				if known, ok := errors.AsType[*netproto.Error](err); ok {
					text += " [" + string(known.Code) + "]"
				}
			}
			return true
		})
		k.errors.keep(text, r.Time)
	}
	if !k.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return k.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (k keeper) WithAttrs(attrs []slog.Attr) slog.Handler {
	return keeper{k.Handler.WithAttrs(attrs), k.errors}
}

// WithGroup implements slog.Handler.
func (k keeper) WithGroup(name string) slog.Handler {
	return keeper{k.Handler.WithGroup(name), k.errors}
}
