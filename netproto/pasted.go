package netproto

import (
	"strings"
	"unicode"
)

// Quotes and brackets that stand around a link in letters, chats and documents. A
// link itself has none of them: its name is escaped.
const (
	quotes   = "\"'`´«»‹›“”„‟‘’‚‛「」『』"
	openers  = "<([{＜（［｛【《〈〔"
	closers  = ">)]}＞）］｝】》〉〕"
	sentence = ".,;:!。，；" // may follow a link in a sentence
)

// Pasted returns a link without what was copied with it: spaces, line breaks in
// its middle, invisible characters, quotes and brackets of all kinds, "URL:", the
// punctuation of a sentence, the words around it, and the escapes of a web page's source.
// A text that is no link loses the same at its ends; its brackets stay if they are a pair.
func Pasted(s string) string {
	s = linkIn(unescaped.Replace(unbroken(s)))
	for {
		before := s
		s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(quotes, r) })
		if len(s) > 4 && strings.EqualFold(s[:4], "url:") {
			s = s[4:]
		}
		s = trimUnpaired(s)
		if s == before {
			return s
		}
	}
}

var unescaped = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'")

// linkIn returns the link in a sentence, a list or a piece of a web page, from its scheme
// to what no link has; s if there is none, or more than one.
func linkIn(s string) string {
	const scheme = LinkScheme + "://"
	lower := strings.ToLower(s)
	at := strings.Index(lower, scheme)
	if at < 0 || len(lower) != len(s) || strings.Count(lower, scheme) > 1 {
		return s
	}
	before, link := s[:at], s[at:]
	if end := strings.IndexFunc(link, func(r rune) bool { return strings.ContainsRune(quotes+"<>", r) }); end > 0 {
		link = link[:end]
	}
	// Without a path and parameters before the space, or with more of them behind it, it is
	// a link that is damaged, or one with a name that was typed by hand.
	if end := strings.IndexFunc(link, unicode.IsSpace); end > 0 && strings.ContainsAny(link[len(scheme):end], "/?") && !strings.Contains(link[end:], "=") {
		link = link[:end]
	}
	link = strings.TrimRight(link, `?…|*\`)
	if strings.ContainsFunc(before, func(r rune) bool { return unicode.IsLetter(r) || strings.ContainsRune("*->", r) }) {
		return link
	}
	return before + link // pairs of brackets go together
}

// trimUnpaired removes a bracket around s, or one without its partner at an end of
// it, and punctuation at its end.
func trimUnpaired(s string) string {
	if s == "" {
		return s
	}
	runes := []rune(s)
	first, last := runes[0], runes[len(runes)-1]
	opens := strings.ContainsRune(openers, first)
	closes := strings.ContainsRune(closers, last)
	switch {
	case opens && closes && partner(first) == last && len(runes) > 1:
		return string(runes[1 : len(runes)-1])
	case opens && !strings.ContainsRune(s, partner(first)):
		return string(runes[1:])
	case closes && !strings.ContainsRune(s, partner(last)), strings.ContainsRune(sentence, last):
		return string(runes[:len(runes)-1])
	}
	return s
}

// partner returns the bracket that belongs to another one.
func partner(r rune) rune {
	open, closed := []rune(openers), []rune(closers)
	for i := range open {
		switch r {
		case open[i]:
			return closed[i]
		case closed[i]:
			return open[i]
		}
	}
	return 0
}

// unbroken joins the lines into which a long link was broken, and removes what
// cannot be seen.
func unbroken(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimFunc(lines[i], unicode.IsSpace)
	}
	return strings.Map(func(r rune) rune {
		if Invisible(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.Join(lines, ""))
}

// escapeZone escapes the "%" before the zone of an IPv6 address in a link, if the
// person did not.
func escapeZone(link string) string {
	open, closed := strings.IndexByte(link, '['), strings.IndexByte(link, ']')
	if open < 0 || closed < open {
		return link
	}
	address, zone, found := strings.Cut(link[open:closed], "%")
	if !found || strings.HasPrefix(zone, "25") {
		return link
	}
	return link[:open] + address + "%25" + zone + link[closed:]
}
