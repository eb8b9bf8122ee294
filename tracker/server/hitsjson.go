package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"centralizedp2p/netproto"
)

// Answers to searches are most of what a tracker writes. Written by hand they
// take a fifth of the time of encoding/json and are the same to the byte
// (BenchmarkSearchOverTLS). encoding/json/v2 may make this file unnecessary.

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
	return append(dst, '}')
}

func appendOwners(dst []byte, owners netproto.Owners) []byte {
	dst = append(dst, '[')
	for i, owner := range owners.List() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"peer_id":"`...)
		dst = append(append(dst, owner.PeerID.String()...), '"')
		if owner.Name != "" {
			dst = appendText(append(dst, `,"name":`...), owner.Name)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendText appends a JSON string; it leaves rare characters to encoding/json.
func appendText(dst []byte, text string) []byte {
	for i := range len(text) {
		// Two line separators that begin with 0xE2 must be escaped.
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c == 0xE2 {
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
