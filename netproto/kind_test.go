package netproto

import "testing"

func TestTheKindOfAContentFollowsFromItsNameThenItsMediaType(t *testing.T) {
	for _, c := range []struct {
		name, mime string
		folder     bool
		want       Kind
	}{
		{"Film.MKV", "", false, KindVideo},
		{"song.flac", "application/octet-stream", false, KindAudio},
		{"scan.pdf", "image/png", false, KindDocument},
		{"noextension", "image/png", false, KindImage},
		{"noextension", "text/plain; charset=utf-8", false, KindDocument},
		{"backup.tar.gz", "", false, KindArchive},
		{"setup.exe", "", false, KindProgram},
		{"photos.zip", "", true, KindFolder},
		{"photos", FolderMIME, false, KindFolder},
		{"data.xyz", "chemical/x-xyz", false, KindOther},
		{"", "", false, KindOther},
	} {
		if got := KindOf(c.name, c.mime, c.folder); got != c.want {
			t.Errorf("KindOf(%q, %q, %v) = %s, want %s", c.name, c.mime, c.folder, got, c.want)
		}
		if _, err := ParseKind(string(c.want)); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseKind("films"); CodeOf(err) != CodeInvalid {
		t.Errorf("an unknown kind: %v", err)
	}
}
