package netproto

import (
	"strings"
	"testing"
)

func TestLinksAreReadAsTheyAreWritten(t *testing.T) {
	hash, print := countingHash(), Fingerprint(countingHash())
	want := []Link{
		{Tracker: "tracker.example:5000", Size: -1},
		{Tracker: "[2001:db8::1]:6000", Size: -1, Fingerprint: print},
		{Tracker: "192.0.2.7:5000", Hash: hash, Size: -1},
		{Tracker: "192.0.2.7:5000", Hash: hash, Name: "song.flac", Size: 31457280},
		{Tracker: "localhost:5000", Hash: hash, Name: "été & 100%.txt", Size: 0, Fingerprint: print},
		{Tracker: "192.0.2.7:5000", Size: -1, Fingerprint: print, Invite: goldenInvite},
	}
	lines := goldenLines(t, "links.txt")
	if len(lines) != len(want) {
		t.Fatalf("links.txt has %d links, %d are known here", len(lines), len(want))
	}
	for i, line := range lines {
		got, err := ParseLink(line)
		if err != nil || got != want[i] {
			t.Errorf("ParseLink(%s) = %+v, %v; want %+v", line, got, err, want[i])
		}
		if text := want[i].String(); text != line {
			t.Errorf("%+v is written as %s, want %s", want[i], text, line)
		}
		if got.IsTracker() != want[i].Hash.IsZero() {
			t.Errorf("%s: IsTracker() = %v", line, got.IsTracker())
		}
	}
}

var countingHex = countingHash().String()

// looseLinks are accepted although our programs never write them like this.
var looseLinks = []struct{ link, want string }{
	{"  cp2p://h:5000\n", "cp2p://h:5000"},
	{"CP2P://H", "cp2p://h:5000"},
	{"cp2p://h/", "cp2p://h:5000"},
	{"cp2p://h/" + strings.ToUpper(countingHex) + "/", "cp2p://h:5000/" + countingHex},
	{"cp2p://h?size=5", "cp2p://h:5000"},
	{"cp2p://h/" + countingHex + "?size=007", "cp2p://h:5000/" + countingHex + "?size=7"},
	{"cp2p://h/" + countingHex + "?later=1&size=7", "cp2p://h:5000/" + countingHex + "?size=7"},
	{"cp2p://h/" + countingHex + "?name=..%2Fx", "cp2p://h:5000/" + countingHex + "?name=.._x"},
	{"cp2p://h/" + countingHex + "?name=%1B%5B2J", "cp2p://h:5000/" + countingHex + "?name=_%5B2J"},
	{"cp2p://[0:0:0:0:0:0:0:1]", "cp2p://[::1]:5000"},
	{"cp2p://h:5000#", "cp2p://h:5000"},
	{"<cp2p://h>", "cp2p://h:5000"},
	{"\u00a0\u200b\ufeffcp2p://h\u200b", "cp2p://h:5000"},
	{"„cp2p://h“", "cp2p://h:5000"},
	{"'cp2p://h'", "cp2p://h:5000"},
	{"`cp2p://h`.", "cp2p://h:5000"},
	{"(cp2p://h),", "cp2p://h:5000"},
	{"(cp2p://h", "cp2p://h:5000"},
	{"cp2p://h)", "cp2p://h:5000"},
	{"<URL:cp2p://h>", "cp2p://h:5000"},
	{"《cp2p://h》。", "cp2p://h:5000"},
	{"[cp2p://[::1]]", "cp2p://[::1]:5000"},
	{"cp2p://[::1]", "cp2p://[::1]:5000"},
	{"cp2p://h/" + countingHex[:30] + "\r\n  " + countingHex[30:], "cp2p://h:5000/" + countingHex},
	{"cp2p://h/" + countingHex + "?name=a&amp;size=7", "cp2p://h:5000/" + countingHex + "?name=a&size=7"},
	{"cp2p://[fe80::1%eth0]:6000", "cp2p://[fe80::1%25eth0]:6000"},
	{"cp2p://[FE80::1%25Eth0]", "cp2p://[fe80::1%25Eth0]:5000"},
}

func TestLinksThatPeopleChangedAreUnderstood(t *testing.T) {
	for _, c := range looseLinks {
		got, err := ParseLink(c.link)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseLink(%q) = %s, %v; want %s", c.link, got, err, c.want)
		}
	}
}

// refusedLinks maps links to a text that the refusal must contain.
var refusedLinks = []struct{ link, about string }{
	{"", "cp2p://"},
	{"song.flac", "cp2p://"},
	{"http://h:5000/" + countingHex, "cp2p://"},
	{"cp2p:h:5000", "cp2p://"},
	{"cp2p://user:secret@h", "cp2p://"},
	{"cp2p://h#fragment", "cp2p://"},
	{"cp2p://", "address of a tracker"},
	{"cp2p:///" + countingHex, "address of a tracker"},
	{"cp2p://h:0", "port"},
	{"cp2p://h:65536", "port"},
	{"cp2p://h:x", "damaged"},
	{"cp2p://bad host", "damaged"},
	{"cp2p://h/%zz", "damaged"},
	{"cp2p://h/" + countingHex[:63], "64 hexadecimal digits"},
	{"cp2p://h/" + countingHex + "/more", "64 hexadecimal digits"},
	{"cp2p://h/" + strings.Repeat("g", 64), "0-9 and a-f"},
	{"cp2p://h/" + strings.Repeat("0", 64), "zero"},
	{"cp2p://h/" + countingHex + "?size=-1", "size"},
	{"cp2p://h/" + countingHex + "?size=17592186044417", "size"},
	{"cp2p://h/" + countingHex + "?size=99999999999999999999", "size"},
	{"cp2p://h/" + countingHex + "?size=12k", "size"},
	{"cp2p://h?tracker=abc", "fingerprint"},
	{"cp2p://h?tracker=" + strings.Repeat("a", 51) + "b", "mistyped"},
	{"cp2p://h?invite=abc", "26 characters"},
	{"cp2p://h?invite=" + strings.Repeat("a", 26), "damaged"},
	{"cp2p://h?name=%zz", "damaged"},
	{"cp2p://h?name=" + strings.Repeat("x", 4096), "bytes"},
	{"cp2p://h\ncp2p://h", "several links"},
	{"cp2p://[fe80::1%25]", "damaged"},
	{"cp2p://[fe80::1%25a%25b]", "address of a tracker"},
}

func TestDamagedLinksAreRefusedWithASentence(t *testing.T) {
	for _, c := range refusedLinks {
		link, err := ParseLink(c.link)
		if err == nil || !strings.Contains(err.Error(), c.about) {
			t.Errorf("ParseLink(%.80q) = %+v, %v; a sentence about %q belongs there", c.link, link, err, c.about)
		}
		if link != (Link{}) && err != nil {
			t.Errorf("ParseLink(%.80q) returns %+v with an error", c.link, link)
		}
	}
}

// trackerAddresses maps what people type to the one text of the address.
var trackerAddresses = []struct{ in, want string }{
	{"h", "h:5000"},
	{"H.Example", "h.example:5000"},
	{"h:6000", "h:6000"},
	{"h:05000", "h:5000"},
	{"my_host-1.lan", "my_host-1.lan:5000"},
	{"127.0.0.1", "127.0.0.1:5000"},
	{"127.0.0.1:1", "127.0.0.1:1"},
	{"h:65535", "h:65535"},
	{"::1", "[::1]:5000"},
	{"[::1]", "[::1]:5000"},
	{"[::1]:80", "[::1]:80"},
	{"2001:DB8:0:0::1", "[2001:db8::1]:5000"},
	{"[2001:db8:0::1]:5000", "[2001:db8::1]:5000"},
	{"::ffff:192.0.2.7", "192.0.2.7:5000"},
	{"fe80::1%eth0", "[fe80::1%eth0]:5000"},
	{"[FE80::1%Eth0.7]:80", "[fe80::1%Eth0.7]:80"},
}

func TestATrackerAddressHasOneText(t *testing.T) {
	for _, c := range trackerAddresses {
		if got, err := TrackerAddress(c.in); err != nil || got != c.want {
			t.Errorf("TrackerAddress(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

var refusedAddresses = []string{
	"", ":", ":5000", "h:", "h:0", "h:-1", "h:+1", "h:65536", "h:http", "h:5000:1", "a b", "h/", "h?", "h\x00",
	"[::1", "::1]", "[h", "h]", "[]", "[]:5000", "[fe80::1%]:5000", "[fe80::1%a/b]:5000", "fe80::1%" + strings.Repeat("x", 65), "h%eth0", "bücher.example", "user@h", "cp2p://h", strings.Repeat("x", 254),
}

func TestWhatIsNoAddressOfATrackerIsRefused(t *testing.T) {
	for _, s := range refusedAddresses {
		if got, err := TrackerAddress(s); err == nil {
			t.Errorf("TrackerAddress(%q) = %q, an error belongs there", s, got)
		}
	}
}
