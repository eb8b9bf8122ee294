// Package owner does what the owner of a tracker asks for: invites, members, bans, counts,
// backups. It knows no request, and nothing of the connections that a ban ends.
package owner

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Owner does what the owner of a tracker asks for. Its methods take effect at
// once, on open connections too. Errors are as in package store, and
// netproto.CodeInvalid for texts and times out of range.
type Owner struct {
	store   store.Store
	private bool
	cut     func(store.Target) int
	log     *slog.Logger
}

// New returns the owner of the tracker with that store, which lets in members only if it is
// private. cut ends the connections of a target at this node and returns how many; other nodes
// do so once they follow.
func New(of store.Store, private bool, cut func(store.Target) int, log *slog.Logger) *Owner {
	return &Owner{store: of, private: private, cut: cut, log: log}
}

// Invite makes a one-time token for a private tracker, good for age: 1 minute to
// store.MaxInviteAge. The token cannot be read again later.
func (o *Owner) Invite(ctx context.Context, who string, age time.Duration) (netproto.Invite, store.Invite, error) {
	if !o.private {
		return netproto.Invite{}, store.Invite{}, netproto.Errorf(netproto.CodeInvalid,
			"this tracker is open to everybody: start it with --access invite to make it private")
	}
	if err := checkWords("the name", who, store.MaxInviteFor); err != nil {
		return netproto.Invite{}, store.Invite{}, err
	}
	if age < time.Minute || age > store.MaxInviteAge {
		return netproto.Invite{}, store.Invite{}, netproto.Errorf(netproto.CodeInvalid, "an invite lasts from 1 minute to %d days",
			store.MaxInviteAge/(24*time.Hour))
	}
	var token netproto.Invite
	rand.Read(token[:]) // never fails
	invite := store.Invite{Hash: store.InviteHash(token), For: who, Expires: time.Now().Add(age).UTC().Truncate(time.Second)}
	return token, invite, o.store.AddInvite(ctx, invite)
}

// Stats returns the counts of the tracker; an error if its store does not work.
func (o *Owner) Stats(ctx context.Context) (netproto.Stats, error) {
	if err := o.store.Ready(ctx); err != nil {
		return netproto.Stats{}, err
	}
	return o.store.Stats(ctx)
}

// Examine says how the database of the tracker is; nothing of one without.
func (o *Owner) Examine(ctx context.Context) []store.Fact {
	if examined, is := o.store.(store.Examined); is {
		return examined.Examine(ctx)
	}
	return nil
}

// Members lists the members, the oldest first.
func (o *Owner) Members(ctx context.Context) ([]store.Member, error) { return o.store.Members(ctx) }

// RemoveMember ends a membership and the connections of its key.
func (o *Owner) RemoveMember(ctx context.Context, key netproto.Fingerprint) error {
	if err := o.store.RemoveMember(ctx, key); err != nil {
		return err
	}
	cut := o.cut(store.Target{Key: key})
	o.log.Info("a member was removed", slog.Any("key", key), slog.Int("connections_cut", cut))
	return nil
}

// Bans lists the bans, the newest first.
func (o *Owner) Bans(ctx context.Context) ([]store.Ban, error) { return o.store.Bans(ctx) }

// Ban imposes a ban from now on and ends the connections it is about.
func (o *Owner) Ban(ctx context.Context, b store.Ban) error {
	if err := checkWords("the reason", b.Why, store.MaxWhy); err != nil {
		return err
	}
	b.Since = time.Now().UTC().Truncate(time.Millisecond)
	if err := o.store.Ban(ctx, b); err != nil {
		return err
	}
	cut := o.cut(b.Target)
	o.log.Info("banned", slog.String("target", b.Target.String()), slog.String("why", netproto.Printable(b.Why)), slog.Int("connections_cut", cut))
	return nil
}

// Unban ends a ban.
func (o *Owner) Unban(ctx context.Context, t store.Target) error {
	if err := o.store.Unban(ctx, t); err != nil {
		return err
	}
	o.log.Info("a ban has ended", slog.String("target", t.String()))
	return nil
}

// Backup writes the database as it is at one instant.
func (o *Owner) Backup(ctx context.Context, w io.Writer) error {
	if err := o.store.Backup(ctx, w); err != nil {
		o.log.Error("a backup broke off", slog.Any("error", err))
		return err
	}
	o.log.Info("a backup was taken")
	return nil
}

// checkWords refuses a text that is too long or has invisible characters.
func checkWords(what, text string, most int) error {
	if len(text) > most {
		return netproto.Errorf(netproto.CodeInvalid, "%s has %d bytes, %d are allowed", what, len(text), most)
	}
	if !utf8.ValidString(text) || netproto.Printable(text) != text {
		return netproto.Errorf(netproto.CodeInvalid, "%s has invisible characters", what)
	}
	return nil
}
