package awake

import (
	"errors"
	"io"
	"log/slog"
	"testing"
)

type held struct{ open *int }

func (h held) Close() error {
	*h.open--
	return nil
}

func TestTheSystemIsHeldOnceAndLetGo(t *testing.T) {
	open, asked := 0, 0
	k := New(slog.New(slog.DiscardHandler))
	k.stop = func() (io.Closer, error) {
		asked++
		open++
		return held{&open}, nil
	}
	for _, step := range []struct {
		on         bool
		open, asks int
	}{{false, 0, 0}, {true, 1, 1}, {true, 1, 1}, {false, 0, 1}, {false, 0, 1}, {true, 1, 2}, {false, 0, 2}} {
		if k.Keep(step.on); open != step.open || asked != step.asks {
			t.Errorf("after %v: %d held, %d asked", step.on, open, asked)
		}
	}
}

func TestASystemThatRefusesIsAskedOncePerTransfer(t *testing.T) {
	asked := 0
	k := New(slog.New(slog.DiscardHandler))
	k.stop = func() (io.Closer, error) {
		asked++
		return nil, errors.New("refused")
	}
	for _, on := range []bool{true, true, false, true} {
		k.Keep(on)
	}
	if asked != 2 {
		t.Errorf("it was asked %d times", asked)
	}
}
