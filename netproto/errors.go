package netproto

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code is the stable name of a failure, for programs. It appears as "code" in a
// problem+json body, in refusals between peers and in --json output.
type Code string

// The table below has the HTTP status, the number in a refuse frame and the
// sentences of every code.
const (
	CodeBadRequest       Code = "bad-request"
	CodeCertificate      Code = "certificate-required"
	CodeTLS              Code = "tls-required"
	CodeDenied           Code = "denied"
	CodeInvite           Code = "invite-required"
	CodeBanned           Code = "banned"
	CodeNotFound         Code = "not-found"
	CodeMethod           Code = "method-not-allowed"
	CodeJoinFirst        Code = "join-first"
	CodeTooLarge         Code = "too-large"
	CodeInvalid          Code = "invalid"
	CodeTooMany          Code = "too-many-requests"
	CodeFull             Code = "full"
	CodeInternal         Code = "internal"
	CodeBusy             Code = "busy"
	CodeQueued           Code = "queued"
	CodeGone             Code = "gone"
	CodeUnreachable      Code = "tracker-unreachable"
	CodeKeyChanged       Code = "tracker-key-changed"
	CodePeerUnreachable  Code = "peer-unreachable"
	CodeProtocol         Code = "protocol-violation"
	CodeWrongPiece       Code = "wrong-piece"
	CodeNoSource         Code = "no-source"
	CodePortInUse        Code = "port-in-use"
	CodeProfileInUse     Code = "profile-in-use"
	CodeFileUnreadable   Code = "file-unreadable"
	CodeFolderUnwritable Code = "folder-unwritable"
	CodeNoSpace          Code = "no-space"
	CodeFileChanged      Code = "file-changed"
	CodeSeedTooLarge     Code = "seed-file-too-large"
	CodeSeedChecksum     Code = "seed-checksum"
	CodeSeedSilent       Code = "seed-no-answer"
	CodeStore            Code = "store-unusable"
	CodeCancelled        Code = "cancelled"
	CodeUsage            Code = "usage"
	CodeAmbiguous        Code = "ambiguous-name"
	CodeWatchLimit       Code = "watch-limit"
	CodePrivate          Code = "private"
	CodeNotFolder        Code = "not-a-folder"
	CodeStoreAway        Code = "store-away"
	CodeWrongNode        Code = "wrong-node"
)

// failure is a row of the table, the one place that maps a code to its HTTP status,
// its number on the peer wire, what happened and what to do next.
type failure struct {
	Code   Code
	Status int    // HTTP status on v1; 0 if it is never sent there
	Wire   uint16 // number in a refuse frame; 0 if it is never sent in one
	What   string // what happened: a sentence without its full stop
	Hint   string // what to do next, a sentence
}

var failures = []failure{
	{CodeBadRequest, http.StatusBadRequest, 0, "The request could not be understood", "Update both programs to the newest version."},
	{CodeCertificate, http.StatusUnauthorized, 0, "The tracker asks for a client certificate", "Use CentralizedP2P, not a browser, for this address."},
	{CodeTLS, http.StatusUpgradeRequired, 0, "The tracker answers this over TLS only", "Use CentralizedP2P, or https, for this address."},
	{CodeDenied, http.StatusForbidden, 1, "The other side does not allow this", "Ask its owner for access."},
	{CodeInvite, http.StatusForbidden, 0, "This tracker is private: it serves its members only", "Ask its owner for an invite link, and join with that."},
	{CodeBanned, http.StatusForbidden, 0, "The tracker's owner has banned this", "Ask the owner of the tracker why."},
	{CodeNotFound, http.StatusNotFound, 2, "Nothing was found", "Check the spelling, or try again when its owner is online."},
	{CodeMethod, http.StatusMethodNotAllowed, 0, "This address does not support that method", "Update both programs to the newest version."},
	{CodeJoinFirst, http.StatusConflict, 0, "The tracker no longer knows this peer", "It joins again by itself; try once more in a moment."},
	{CodeTooLarge, http.StatusRequestEntityTooLarge, 0, "The request is larger than the tracker accepts", "Share fewer files at once."},
	{CodeInvalid, http.StatusUnprocessableEntity, 0, "A value is not acceptable", "Correct it and try again."},
	{CodeTooMany, http.StatusTooManyRequests, 0, "Too many requests were sent", "Wait a moment and try again."},
	{CodeFull, http.StatusServiceUnavailable, 0, "The tracker is at its limit", "Try again later, or use another tracker."},
	{CodeStoreAway, http.StatusServiceUnavailable, 0, "The tracker does not reach its database", "It comes back by itself; try again in a moment."},
	{CodeWrongNode, http.StatusMisdirectedRequest, 0, "This node of the tracker does not answer that",
		"Another of its nodes does; it is asked by itself if its address is known."},
	{CodeInternal, http.StatusInternalServerError, 3, "The other side failed", "Try again; if that does not help, tell its owner."},
	{CodeBusy, http.StatusServiceUnavailable, 4, "The other side has no connection to spare", "It is asked again by itself."},
	{CodeQueued, 0, 5, "The other side has queued this", "It starts by itself when its turn comes."},
	{CodeGone, 0, 6, "The other side no longer has this", "Another source is used if there is one."},
	{CodeUnreachable, 0, 0, "The tracker cannot be reached", "Check its address and that it runs."},
	{CodeKeyChanged, 0, 0, "The tracker's key is not the one that is known",
		"If its owner says that the key was changed, forget the tracker and add it again; otherwise somebody may be posing as it."},
	{CodePeerUnreachable, http.StatusGatewayTimeout, 0, "The peer cannot be reached", "It is tried again by itself."},
	{CodeProtocol, 0, 7, "The other side broke the protocol", "Update both programs to the newest version."},
	{CodeWrongPiece, 0, 0, "The peer sent wrong bytes and is not asked again", "Another source is used if there is one."},
	{CodeNoSource, 0, 0, "No online peer has this now", "Try again when its owner is online."},
	{CodePortInUse, 0, 0, "The port is used by another program", "Stop that program, or choose another port."},
	{CodeProfileInUse, 0, 0, "The profile is used by another CentralizedP2P", "Close it, or choose another profile."},
	{CodeFileUnreadable, 0, 0, "The file cannot be read", "Check that it exists and that you may read it."},
	{CodeFolderUnwritable, 0, 0, "The folder cannot be written", "Choose another folder, or change its permissions."},
	{CodeNoSpace, 0, 0, "There is not enough space on the disk", "Free some space; the download then goes on where it stopped."},
	{CodeFileChanged, 0, 0, "The file changed while it was read", "It is hashed again once it stops changing."},
	{CodeSeedTooLarge, 0, 0, "The file is too large for a seed client, which sends at most 10,240 bytes", "Ask its owner to share it with CentralizedP2P."},
	{CodeSeedChecksum, 0, 0, "The bytes from the seed client do not match their MD5", "Nothing was saved; ask its owner to upload the file again."},
	{CodeSeedSilent, 0, 0, "The seed client does not answer", "Try again when it is online."},
	{CodeStore, 0, 0, "The data folder cannot be used", "Check the path, its permissions and the space on its disk."},
	{CodeCancelled, 0, 0, "It was stopped before it was done", "Start it again to go on."},
	{CodeUsage, 0, 0, "The command cannot be run like this", "Correct it and try again."},
	{CodeWatchLimit, 0, 0, "The system watches no more folders for changes",
		"Changes are still noticed, about a minute later; on Linux the limit is fs.inotify.max_user_watches."},
	{CodePrivate, 0, 0, "This is private and is not shared",
		"If others may have it, allow that when you share it. Keys and databases of this program are never shared."},
	{CodeNotFolder, 0, 0, "This is not the list of a folder's files, but a file", "Download it: its bytes decide, and it is saved as a file."},
	{CodeAmbiguous, 0, 0, "Several contents have this name", "Give the hash or the link of the one you want."},
}

var failureByCode, failureByWire = indexFailures()

func indexFailures() (map[Code]*failure, map[uint16]*failure) {
	byCode, byWire := map[Code]*failure{}, map[uint16]*failure{}
	for i := range failures {
		f := &failures[i]
		byCode[f.Code] = f
		if f.Wire != 0 {
			byWire[f.Wire] = f
		}
	}
	return byCode, byWire
}

// Status returns the HTTP status of a code on v1, 500 for a code never sent there.
func (c Code) Status() int {
	if f := failureByCode[c]; f != nil && f.Status != 0 {
		return f.Status
	}
	return http.StatusInternalServerError
}

// Wire returns the number of a code in a refuse frame, that of "internal" for a
// code never sent in one.
func (c Code) Wire() uint16 {
	if f := failureByCode[c]; f != nil && f.Wire != 0 {
		return f.Wire
	}
	return failureByCode[CodeInternal].Wire
}

// CodeOfWire returns the code with that number in a refuse frame. An unknown
// number is "internal", so later versions may add some.
func CodeOfWire(n uint16) Code {
	if f := failureByWire[n]; f != nil {
		return f.Code
	}
	return CodeInternal
}

// What returns what the code means, as a sentence without its full stop.
func (c Code) What() string {
	if f := failureByCode[c]; f != nil {
		return f.What
	}
	return "Something failed in a way this version does not know"
}

// Hint returns what a person can do about the code, as a sentence.
func (c Code) Hint() string {
	if f := failureByCode[c]; f != nil {
		return f.Hint
	}
	return "Update to the newest version."
}

// Error is a failure with its code for programs and its detail for people.
type Error struct {
	Code   Code
	Detail string // which file, address or value, in words; may be empty
	Cause  error  // what the system said; may be nil

	// RetryAfter is the time after which a retry may succeed, for
	// "too-many-requests" and "full"; 0 if unknown.
	RetryAfter time.Duration
}

// Errorf returns an Error with a detail; the error of a %w becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	detail := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: detail.Error(), Cause: errors.Unwrap(detail)}
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code.What()
	}
	return e.Code.What() + ": " + Printable(e.Detail)
}

func (e *Error) Unwrap() error { return e.Cause }

// Is lets errors.Is compare codes: errors.Is(err, &Error{Code: CodeGone}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Detail == "" && t.Cause == nil && t.Code == e.Code
}

// Recode returns err under another code, with the same detail and cause. An err
// that is no Error becomes the cause and its text the detail.
func Recode(code Code, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: code, Detail: e.Detail, Cause: e.Cause}
	}
	return &Error{Code: code, Detail: err.Error(), Cause: err}
}

// CodeOf returns the code of the first Error in the chain of err, "internal" if
// there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
