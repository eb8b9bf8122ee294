package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"centralizedp2p/netproto"
)

// The owner of a tracker speaks to it over a socket in its data folder: HTTP
// with JSON, where an error is a netproto.Problem. Who may open the socket, mode
// 0600, is the owner.
const (
	ControlInvites = "/invites" // POST InviteRequest → InviteAnswer
	ControlMembers = "/members" // GET → MembersAnswer; DELETE KeyRequest → 204
	ControlBans    = "/bans"    // GET → BansAnswer; POST BanRequest → BanEntry; DELETE TargetRequest → BanEntry
	ControlBackup  = "/backup"  // GET → the bytes of a database
)

const (
	controlSocket = "control.sock"
	maxControl    = 4 << 10 // bytes of a request
	controlTime   = 10 * time.Second
	backupTime    = time.Hour // for the whole of a backup
)

// ControlSocket is where the tracker with that data folder listens to its
// owner.
func ControlSocket(data string) string { return filepath.Join(data, controlSocket) }

// StoreFile is the database in a data folder.
func StoreFile(data string) string { return filepath.Join(data, storeFile) }

// InviteRequest asks for a one-time link.
type InviteRequest struct {
	For     string `json:"for,omitempty"`
	Seconds int64  `json:"seconds"` // until it is over
}

// InviteAnswer is the only place where the token stands.
type InviteAnswer struct {
	Link    string    `json:"link"`
	For     string    `json:"for,omitempty"`
	Expires time.Time `json:"expires"`
}

// MemberEntry is a member for the owner's eyes.
type MemberEntry struct {
	Key   netproto.Fingerprint `json:"key"`
	For   string               `json:"for,omitempty"`
	Since time.Time            `json:"since"`
}

// MembersAnswer lists the members, the oldest first.
type MembersAnswer struct {
	Members []MemberEntry `json:"members"`
}

// KeyRequest names a key.
type KeyRequest struct {
	Key netproto.Fingerprint `json:"key"`
}

// BanRequest bans what ParseTarget reads.
type BanRequest struct {
	Target string `json:"target"`
	Why    string `json:"why,omitempty"`
}

// TargetRequest names what is banned.
type TargetRequest struct {
	Target string `json:"target"`
}

// BanEntry is a ban for the owner's eyes.
type BanEntry struct {
	Target string    `json:"target"`
	Kind   string    `json:"kind"` // key, address or hash
	Why    string    `json:"why,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// BansAnswer lists the bans, the newest first.
type BansAnswer struct {
	Bans []BanEntry `json:"bans"`
}

// control answers the owner.
type control struct {
	server *Server
	link   func() netproto.Link
	http   *http.Server
	ln     net.Listener
	ended  chan error
}

// openControl listens in the data folder. The store there is open, so no other
// tracker listens, and a socket that is found was left by one that was killed.
func openControl(s *Server, data string, link func() netproto.Link) (*control, error) {
	path := ControlSocket(data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	c := &control{server: s, link: link, ln: ln, ended: make(chan error, 1)}
	c.http = &http.Server{
		Handler:           c.routes(),
		ReadHeaderTimeout: controlTime,
		ReadTimeout:       controlTime,
		WriteTimeout:      backupTime,
		MaxHeaderBytes:    maxControl,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return c, nil
}

func (c *control) start() {
	go func() { c.ended <- ended(c.http.Serve(c.ln)) }()
}

// stop finishes requests under way, but no backup, and waits.
func (c *control) stop(ctx context.Context) error {
	if c.http.Shutdown(ctx) != nil {
		c.http.Close()
	}
	return <-c.ended
}

func (c *control) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(*http.Request) (any, error){
		"POST " + ControlInvites:   c.invite,
		"GET " + ControlMembers:    c.members,
		"DELETE " + ControlMembers: c.removeMember,
		"GET " + ControlBans:       c.bans,
		"POST " + ControlBans:      c.ban,
		"DELETE " + ControlBans:    c.unban,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControl)
			body, err := h(r)
			switch {
			case err != nil:
				c.problem(w, err)
			case body == nil:
				w.WriteHeader(http.StatusNoContent)
			default:
				writeJSON(w, http.StatusOK, "application/json", body)
			}
		})
	}
	mux.HandleFunc("GET "+ControlBackup, c.backup)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		c.problem(w, netproto.Errorf(netproto.CodeNotFound, "the tracker has no such command: it and this program differ in their version"))
	})
	return mux
}

// problem is no refusal of a peer, and is not counted as one.
func (c *control) problem(w http.ResponseWriter, err error) {
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok {
		c.server.log.Error("a command failed", slog.Any("error", err))
		known = &netproto.Error{Code: netproto.CodeInternal}
	}
	p := netproto.ProblemOf(known)
	writeJSON(w, p.Status, netproto.MediaTypeProblem, p)
}

// readControl reads a body that is one JSON value of the form of v.
func readControl(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return netproto.Errorf(netproto.CodeTooLarge, "a command has %d bytes at the most", maxControl)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return netproto.Errorf(netproto.CodeInvalid, "something stands behind the command")
	}
	return nil
}

func (c *control) invite(r *http.Request) (any, error) {
	var req InviteRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	if c.server.config.Access != AccessInvite {
		return nil, netproto.Errorf(netproto.CodeInvalid, "this tracker is open to everybody: start it with --access invite to make it private")
	}
	if req.Seconds < 0 || req.Seconds > int64(MaxInviteAge/time.Second) {
		req.Seconds = 0 // which no invite lasts
	}
	token, made, err := c.server.invite(r.Context(), req.For, time.Duration(req.Seconds)*time.Second)
	if err != nil {
		return nil, err
	}
	link := c.link()
	link.Invite = token
	return InviteAnswer{Link: link.String(), For: made.For, Expires: made.Expires}, nil
}

func (c *control) members(r *http.Request) (any, error) {
	members, err := c.server.store.Members(r.Context())
	list := make([]MemberEntry, 0, len(members))
	for _, m := range members {
		list = append(list, MemberEntry{Key: m.Fingerprint(), For: m.For, Since: m.Since})
	}
	return MembersAnswer{list}, err
}

func (c *control) removeMember(r *http.Request) (any, error) {
	var req KeyRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	return nil, c.server.removeMember(r.Context(), req.Key)
}

func entryOf(b Ban) BanEntry {
	return BanEntry{Target: b.Target.String(), Kind: b.Kind(), Why: b.Why, Since: b.Since}
}

func (c *control) bans(r *http.Request) (any, error) {
	bans, err := c.server.store.Bans(r.Context())
	list := make([]BanEntry, 0, len(bans))
	for _, b := range bans {
		list = append(list, entryOf(b))
	}
	return BansAnswer{list}, err
}

func (c *control) ban(r *http.Request) (any, error) {
	var req BanRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	target, err := ParseTarget(req.Target)
	if err != nil {
		return nil, err
	}
	ban := Ban{Target: target, Why: req.Why}
	return entryOf(ban), c.server.ban(r.Context(), ban)
}

func (c *control) unban(r *http.Request) (any, error) {
	var req TargetRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	target, err := ParseTarget(req.Target)
	if err != nil {
		return nil, err
	}
	if err := c.server.store.Unban(r.Context(), target); err != nil {
		return nil, err
	}
	c.server.log.Info("a ban has ended", slog.String("target", target.String()))
	return entryOf(Ban{Target: target}), nil
}

// backup sends the database; when that breaks off, so does the connection, and
// the reader knows that it has no whole one.
func (c *control) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := c.server.store.Backup(r.Context(), w); err != nil {
		c.server.log.Error("a backup broke off", slog.Any("error", err))
		panic(http.ErrAbortHandler)
	}
	c.server.log.Info("a backup was taken")
}
