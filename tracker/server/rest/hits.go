package rest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Answers to searches are most of what a tracker writes. Written by hand they
// take a fifth of the time of encoding/json and are the same to the byte
// (BenchmarkSearchOverTLS). encoding/json/v2 may make this file unnecessary.

// hitRooms are rooms for the bodies of answers.
var hitRooms = sync.Pool{New: func() any { return new([]byte) }}

// AnswerSearch writes a page of hits.
func AnswerSearch(w http.ResponseWriter, page netproto.SearchResponse) {
	room := hitRooms.Get().(*[]byte)
	defer hitRooms.Put(room)
	*room = appendSearch((*room)[:0], page)
	writeBody(w, http.StatusOK, "application/json", *room)
}

// appendSearch appends an answer as JSON.
func appendSearch(dst []byte, page netproto.SearchResponse) []byte {
	dst = append(dst, `{"items":`...)
	if page.Items == nil {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, '[')
		for i := range page.Items {
			dst = append(appendHit(dst, &page.Items[i]), ',')
		}
		dst = append(bytes.TrimSuffix(dst, []byte(",")), ']')
	}
	if page.Next != "" {
		dst = appendText(append(dst, `,"next":`...), page.Next)
	}
	if len(page.Suggestions) > 0 {
		dst = append(dst, `,"suggestions":[`...)
		for i, name := range page.Suggestions {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(dst, name)
		}
		dst = append(dst, ']')
	}
	if page.Corrected != "" {
		dst = appendText(append(dst, `,"corrected":`...), page.Corrected)
	}
	if page.Filtered {
		dst = append(dst, `,"filtered":true`...)
	}
	return append(dst, "}\n"...)
}

func appendHit(dst []byte, h *netproto.Hit) []byte {
	dst = hex.AppendEncode(append(dst, `{"hash":"`...), h.Hash[:])
	dst = appendText(append(dst, `","name":`...), h.Name)
	dst = strconv.AppendInt(append(dst, `,"size":`...), h.Size, 10)
	if h.MIME != "" {
		dst = appendText(append(dst, `,"mime":`...), h.MIME)
	}
	if h.Folder {
		dst = append(dst, `,"folder":true`...)
	}
	dst = strconv.AppendInt(append(dst, `,"sources":`...), int64(h.Sources), 10)
	dst = appendTime(append(dst, `,"added":`...), h.Added)
	if !h.LastSeen.IsZero() {
		dst = appendTime(append(dst, `,"last_seen":`...), h.LastSeen)
	}
	if h.Owners != (netproto.Owners{}) {
		dst = appendOwners(append(dst, `,"owners":`...), h.Owners)
	}
	if h.Match != 0 {
		dst = strconv.AppendInt(append(dst, `,"match":`...), int64(h.Match), 10)
	}
	return append(dst, '}')
}

func appendOwners(dst []byte, owners netproto.Owners) []byte {
	dst = append(dst, '[')
	for i := range owners.List() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendID(append(dst, `{"peer_id":"`...), owners[i].PeerID), '"')
		if owners[i].Name != "" {
			dst = appendText(append(dst, `,"name":`...), owners[i].Name)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendID appends the text of an id, as its String method makes it.
func appendID(dst []byte, id netproto.PeerID) []byte {
	for i, bytes := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, bytes)
	}
	return dst
}

func appendTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// rare are the bytes of texts that may have to be escaped. Two line separators begin
// with 0xE2.
var rare = func() (is [256]bool) {
	for c := range ' ' {
		is[c] = true
	}
	is['"'], is['\\'], is[0xE2] = true, true, true
	return is
}()

// appendText appends a JSON string; it leaves rare characters to encoding/json.
func appendText(dst []byte, text string) []byte {
	for i := range len(text) {
		if rare[text[i]] {
			return append(dst, bytes.TrimSuffix(encodeJSON(text), []byte("\n"))...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

func encodeJSON(v any) []byte {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // one of our own types has no JSON
	}
	return buf.Bytes()
}
