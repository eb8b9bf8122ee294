package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/strictjson"
)

// Answer writes the body of a successful answer. It returns nil.
func Answer(w http.ResponseWriter, body any) error {
	WriteJSON(w, http.StatusOK, "application/json", body)
	return nil
}

// WriteJSON writes an answer of any status, which nobody may keep.
func WriteJSON(w http.ResponseWriter, status int, mediaType string, body any) {
	writeBody(w, status, mediaType, encodeJSON(body))
}

func writeBody(w http.ResponseWriter, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body)
}

// ReadBody reads a whole body of at most netproto.MaxBodyBytes.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > netproto.MaxBodyBytes {
		w.Header().Set("Connection", "close") // instead of reading it to the end
		return nil, tooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, netproto.MaxBodyBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeBadRequest, "the body ended early")
	}
	return body, nil
}

func tooLarge() error {
	return netproto.Errorf(netproto.CodeTooLarge, "a body has at most %d bytes", netproto.MaxBodyBytes)
}

// requestNames are the names in all bodies that version 1 accepts.
var requestNames = strictjson.NamesIn(
	reflect.TypeFor[netproto.JoinRequest](), reflect.TypeFor[netproto.HeartbeatRequest](),
	reflect.TypeFor[netproto.AnnounceRequest](), reflect.TypeFor[netproto.WithdrawRequest](),
	reflect.TypeFor[netproto.CallRequest](), reflect.TypeFor[netproto.NoteRequest](),
)

// ReadJSON decodes a body that must be a single JSON value into v.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := ReadBody(w, r)
	if err != nil {
		return err
	}
	return CheckedJSON(body, v)
}

// CheckedJSON is ReadJSON for a body that was read.
func CheckedJSON(body []byte, v any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return netproto.Errorf(netproto.CodeBadRequest, "a JSON body is required")
	}
	if err := strictjson.Check(body, requestNames); err != nil {
		return err
	}
	return parseJSON(body, v)
}

func parseJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v) // refuses trailing text
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return netproto.Errorf(netproto.CodeInvalid, "%q must not be a JSON %s", wrong.Field, wrong.Value)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return netproto.Errorf(netproto.CodeBadRequest, "the body is not JSON")
	}
	return netproto.Errorf(netproto.CodeInvalid, "%w", err) // from an UnmarshalText of netproto
}
