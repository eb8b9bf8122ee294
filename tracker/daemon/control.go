package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
	"centralizedp2p/netproto/localsocket"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/store"
)

// The owner of a tracker speaks to it over a socket in its data folder: HTTP
// with JSON, where an error is a netproto.Problem. Whoever may open the socket,
// which has mode 0600, is the owner.
const (
	ControlInvites = "/invites" // POST InviteRequest → InviteAnswer
	ControlMembers = "/members" // GET → MembersAnswer; DELETE KeyRequest → 204
	ControlBans    = "/bans"    // GET → BansAnswer; POST BanRequest → BanEntry; DELETE TargetRequest → BanEntry
	ControlCheckup = "/checkup" // GET → netproto.Checkup
	ControlBackup  = "/backup"  // GET → the bytes of a database
)

const (
	controlSocket = "control.sock"
	maxControl    = 4 << 10 // bytes of a request
	controlTime   = 10 * time.Second
	backupTime    = time.Hour // for the whole of a backup
)

// ControlSocket returns the path of the socket on which the tracker with that
// data folder listens to its owner.
func ControlSocket(data string) string { return filepath.Join(data, controlSocket) }

// InviteRequest asks for a one-time link.
type InviteRequest struct {
	For     string `json:"for,omitempty"`
	Seconds int64  `json:"seconds"` // until it expires
}

// InviteAnswer holds the link with the token, which appears nowhere else.
type InviteAnswer struct {
	Link    string    `json:"link"`
	For     string    `json:"for,omitempty"`
	Expires time.Time `json:"expires"`
	Notice  string    `json:"notice,omitempty"` // why others cannot use the link
}

// MemberEntry is a member as its tracker's owner sees it.
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

// BanRequest asks for a ban of a target in the form of store.ParseTarget.
type BanRequest struct {
	Target string `json:"target"`
	Why    string `json:"why,omitempty"`
}

// TargetRequest names a banned target.
type TargetRequest struct {
	Target string `json:"target"`
}

// BanEntry is a ban as the tracker's owner sees it.
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

// linker makes the links of a tracker.
type linker interface {
	Link() netproto.Link
	LinkNotice() string
	LinkProblem() LinkProblem
}

// control answers the owner.
type control struct {
	owner *owner.Owner
	links linker
	data  string
	log   *slog.Logger
	last  *checkup.Errors
	http  *http.Server
	ln    net.Listener
	ended chan error
}

// openControl listens in the data folder. The caller has opened the store there,
// so no other tracker listens; a socket that exists was left by a tracker that
// was killed.
func openControl(owner *owner.Owner, data string, links linker, log *slog.Logger, last *checkup.Errors) (*control, error) {
	ln, err := localsocket.Listen(ControlSocket(data))
	if err != nil {
		return nil, err
	}
	c := &control{owner: owner, links: links, data: data, log: log, last: last, ln: ln, ended: make(chan error, 1)}
	c.http = &http.Server{
		Handler:           c.routes(),
		ReadHeaderTimeout: controlTime,
		ReadTimeout:       controlTime,
		WriteTimeout:      backupTime,
		MaxHeaderBytes:    maxControl,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return c, nil
}

func (c *control) start() {
	go func() { c.ended <- served(c.http.Serve(c.ln)) }()
}

// stop waits for the requests under way until ctx ends, then cuts them off.
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
		"GET " + ControlCheckup:    c.checkup,
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
				respond(w, http.StatusOK, "application/json", body)
			}
		})
	}
	mux.HandleFunc("GET "+ControlBackup, c.backup)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		c.problem(w, netproto.Errorf(netproto.CodeNotFound, "the tracker has no such command: it runs another version of this program"))
	})
	return mux
}

// problem answers with an error. It is not counted among the refusals of peers.
func (c *control) problem(w http.ResponseWriter, err error) {
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok {
		c.log.Error("a command failed", slog.Any("error", err))
		known = &netproto.Error{Code: netproto.CodeInternal}
	}
	p := netproto.ProblemOf(known)
	respond(w, p.Status, netproto.MediaTypeProblem, p)
}

func respond(w http.ResponseWriter, status int, mediaType string, body any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // there is an & in every invite link
	encoder.Encode(body)         // fails only if the owner has hung up
}

// readControl decodes a body that is a single JSON value into v.
func readControl(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return netproto.Errorf(netproto.CodeTooLarge, "a command has at most %d bytes", maxControl)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return netproto.Errorf(netproto.CodeInvalid, "something follows the command")
	}
	return nil
}

func (c *control) invite(r *http.Request) (any, error) {
	var req InviteRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	if req.Seconds < 0 || req.Seconds > int64(store.MaxInviteAge/time.Second) {
		req.Seconds = 0 // refused, without an overflow below
	}
	token, made, err := c.owner.Invite(r.Context(), req.For, time.Duration(req.Seconds)*time.Second)
	if err != nil {
		return nil, err
	}
	link := c.links.Link()
	link.Invite = token
	return InviteAnswer{Link: link.String(), For: made.For, Expires: made.Expires, Notice: c.links.LinkNotice()}, nil
}

func (c *control) members(r *http.Request) (any, error) {
	members, err := c.owner.Members(r.Context())
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
	return nil, c.owner.RemoveMember(r.Context(), req.Key)
}

func entryOf(b store.Ban) BanEntry {
	return BanEntry{Target: b.Target.String(), Kind: b.Kind(), Why: b.Why, Since: b.Since}
}

func (c *control) bans(r *http.Request) (any, error) {
	bans, err := c.owner.Bans(r.Context())
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
	target, err := store.ParseTarget(req.Target)
	if err != nil {
		return nil, err
	}
	ban := store.Ban{Target: target, Why: req.Why}
	return entryOf(ban), c.owner.Ban(r.Context(), ban)
}

func (c *control) unban(r *http.Request) (any, error) {
	var req TargetRequest
	if err := readControl(r, &req); err != nil {
		return nil, err
	}
	target, err := store.ParseTarget(req.Target)
	if err != nil {
		return nil, err
	}
	return entryOf(store.Ban{Target: target}), c.owner.Unban(r.Context(), target)
}

// backup sends the database. If that breaks off, it aborts the connection, so
// that the reader knows the copy is incomplete.
func (c *control) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if c.owner.Backup(r.Context(), w) != nil {
		panic(http.ErrAbortHandler)
	}
}
