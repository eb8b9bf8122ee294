//go:build !darwin || cgo

package pages

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAQuestionIsStoppedBeforeItIsAskedAndWhileItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask, stop := Stoppable(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		time.AfterFunc(time.Second, stop)
		begun := time.Now()
		if _, err := ask(t.Context()); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("it ends after %v with %v", time.Since(begun), err)
		}
		if _, err := ask(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped question ends with %v", err)
		}
	})
}

func TestAnAnswerThatComesTooLateIsAnErrorOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		failed := errors.New("failed")
		if err := InTime(ctx, failed); !errors.Is(err, failed) {
			t.Errorf("in time it is %v", err)
		}
		<-ctx.Done()
		if late, never := InTime(ctx, failed), InTime(ctx, nil); !errors.Is(late, ErrSlow) || never != nil {
			t.Errorf("too late it is %v, without an error %v", late, never)
		}
	})
}
