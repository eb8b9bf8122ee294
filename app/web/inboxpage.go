package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

// The script of the page speaks this, with the token that the PIN gives in a header,
// which no page of another site can send:
//
//	POST   pin            {"pin"}                    → {"token"}
//	POST   files          {"name","size","modified"} → {"id","offset"}: a new upload, or an interrupted one
//	GET    files/ID                                  → {"id","offset"}
//	PATCH  files/ID?offset=N  bytes                  → {"id","offset"}; 409 if N is not the offset
//	POST   files/ID/done  {"hash"}                   → {"name"}
//	DELETE files/ID
//
// A failure is {"code","seconds"?}.

const (
	tokenHeader = "X-Token"
	mostJSON    = 4 << 10  // bytes of a body
	mostChunk   = 16 << 20 // bytes of a PATCH
)

// answer is what the script gets.
type answer struct {
	Token   string        `json:"token,omitempty"`
	ID      string        `json:"id,omitempty"`
	Offset  *int64        `json:"offset,omitempty"`
	Name    string        `json:"name,omitempty"`
	Code    netproto.Code `json:"code,omitempty"`
	Seconds int           `json:"seconds,omitempty"` // until another try makes sense
}

func offsetAnswer(u *upload) answer {
	done := u.arrival().Done
	return answer{ID: u.id, Offset: &done}
}

// ServeHTTP answers browsers.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(in.config.Secret, w, r, func(w http.ResponseWriter, r *http.Request, rest string) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && serveAsset(w, r, rest):
		case reads && rest == "":
			writePage(w, r, http.StatusOK, "receive.html", &view{Texts: scriptTexts(pages.Of(r))})
		default:
			a, err := in.ask(w, r, rest)
			if err != nil {
				refuse(w, a, err)
				return
			}
			writeJSON(w, http.StatusOK, a)
		}
	})
}

// ask answers the script.
func (in *Inbox) ask(w http.ResponseWriter, r *http.Request, rest string) (answer, error) {
	from, _ := fromOf(r)
	if r.Method == http.MethodPost && rest == "pin" {
		var given struct {
			PIN string `json:"pin"`
		}
		if err := readJSON(w, r, &given); err != nil {
			return answer{}, err
		}
		token, err := in.open(from, given.PIN)
		return answer{Token: token}, err
	}
	if !in.knows(r.Header.Get(tokenHeader)) {
		return answer{}, netproto.Errorf(netproto.CodeCertificate, "the PIN is asked for first")
	}
	if r.Method == http.MethodPost && rest == "files" {
		var a announced
		if err := readJSON(w, r, &a); err != nil {
			return answer{}, err
		}
		u, err := in.begin(from, a)
		if err != nil {
			return answer{}, err
		}
		return offsetAnswer(u), nil
	}
	id, isFile := strings.CutPrefix(rest, "files/")
	id, isDone := strings.CutSuffix(id, "/done")
	if !isFile {
		return answer{}, netproto.Errorf(netproto.CodeNotFound, "there is nothing at this address")
	}
	u, err := in.byID(id)
	if err != nil {
		return answer{}, err
	}
	switch {
	case r.Method == http.MethodPost && isDone:
		return in.done(w, r, u)
	case r.Method == http.MethodGet && !isDone:
		return offsetAnswer(u), nil
	case r.Method == http.MethodPatch && !isDone:
		return in.patch(w, r, u)
	case r.Method == http.MethodDelete && !isDone:
		err := u.cancel()
		in.config.Changed()
		return answer{}, err
	}
	return answer{}, netproto.Errorf(netproto.CodeMethod, "this cannot be done here")
}

func (in *Inbox) done(w http.ResponseWriter, r *http.Request, u *upload) (answer, error) {
	var given struct {
		Hash netproto.ContentHash `json:"hash"`
	}
	if err := readJSON(w, r, &given); err != nil {
		return answer{}, err
	}
	err := u.publish(in.config.Folder, given.Hash, in.config.Stored)
	in.config.Changed()
	if err != nil {
		return answer{}, err
	}
	return answer{Name: netproto.Printable(u.name)}, nil
}

// patch takes the next bytes of a file. What came of a request that breaks stays.
func (in *Inbox) patch(w http.ResponseWriter, r *http.Request, u *upload) (answer, error) {
	at, err := parseOffset(r.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	if r.ContentLength < 0 || r.ContentLength > mostChunk {
		return answer{}, netproto.Errorf(netproto.CodeTooLarge, "a request has at most %d bytes", mostChunk)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	control := http.NewResponseController(w)
	u.take(func() {
		cancel()
		control.SetReadDeadline(time.Unix(1, 0))
	})
	defer u.give()
	if done := u.arrival().Done; at != done {
		return offsetAnswer(u), errOffset
	}
	err = in.receive(ctx, control, r, u)
	if err != nil && ctx.Err() == nil { // a browser listens only after it has said everything
		control.SetReadDeadline(time.Now().Add(stall))
		io.CopyN(io.Discard, r.Body, mostChunk)
	}
	control.SetWriteDeadline(time.Now().Add(stall))
	return offsetAnswer(u), err
}

// receive appends the body of a request to an upload, whose turn it has.
func (in *Inbox) receive(ctx context.Context, control *http.ResponseController, r *http.Request, u *upload) error {
	from, _ := fromOf(r)
	buf := make([]byte, step)
	for left := r.ContentLength; left > 0; {
		if ctx.Err() != nil {
			return netproto.Errorf(netproto.CodeCancelled, "the phone sends it again")
		}
		control.SetReadDeadline(time.Now().Add(stall))
		n, err := io.ReadFull(r.Body, buf[:min(step, left)])
		if n > 0 {
			if err := u.write(buf[:n]); err != nil { // even if the connection is broken
				return err
			}
			left -= int64(n)
			in.config.Changed()
		}
		if err != nil {
			return netproto.Errorf(netproto.CodeBadRequest, "%w", err)
		}
		if err := in.config.Limits.PassDown(ctx, from, n); err != nil {
			return err
		}
	}
	return nil
}

// errOffset is the failure of bytes that are not the next ones.
var errOffset = netproto.Errorf(netproto.CodeJoinFirst, "these are not the next bytes")

// parseOffset reads the query "offset=N".
func parseOffset(query string) (int64, error) {
	text, ok := strings.CutPrefix(query, "offset=")
	n, err := strconv.ParseUint(text, 10, 63)
	if !ok || err != nil || len(text) > 1 && text[0] == '0' {
		return 0, netproto.Errorf(netproto.CodeBadRequest, "an offset is a number of bytes")
	}
	return int64(n), nil
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(into)
	if err != nil {
		return netproto.Errorf(netproto.CodeBadRequest, "%w", err)
	}
	return nil
}

// refuse says to the script what failed; a tells where an upload stands.
func refuse(w http.ResponseWriter, a answer, err error) {
	failure, ok := errors.AsType[*netproto.Error](err)
	if !ok {
		failure = &netproto.Error{Code: netproto.CodeInternal}
	}
	a.Code, a.Seconds = failure.Code, int(math.Ceil(failure.RetryAfter.Seconds()))
	if a.Seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.Seconds))
	}
	writeJSON(w, statusOf(failure.Code), a)
}

// statusOf is the HTTP status of a code, those included that a tracker never sends.
func statusOf(code netproto.Code) int {
	switch code {
	case netproto.CodeGone:
		return http.StatusGone
	case netproto.CodeNoSpace:
		return http.StatusInsufficientStorage
	case netproto.CodeWrongPiece, netproto.CodeFileChanged:
		return http.StatusConflict
	}
	if status := code.Status(); status >= 400 {
		return status
	}
	return http.StatusInternalServerError
}

func writeJSON(w http.ResponseWriter, status int, a answer) {
	body, err := json.Marshal(a)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
