package record

import (
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func TestWhatIsSaidAboutAccessIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, int(7*time.Millisecond), time.UTC)
	invite := store.Invite{For: strings.Repeat("é", store.MaxInviteFor/2), Expires: at}
	if got, err := ParseInvite(AppendInvite(nil, &invite)); err != nil || got != invite {
		t.Errorf("%+v, %v; want %+v", got, err, invite)
	}
	member := store.Member{For: "Zoë", Since: at}
	if got, err := ParseMember(AppendMember(nil, &member)); err != nil || got != member {
		t.Errorf("%+v, %v; want %+v", got, err, member)
	}
	for _, text := range []string{"192.0.2.0/24", "192.0.2.7", "2001:db8::/64", "2001:db8::7/128", strings.Repeat("a", 64), netproto.Fingerprint{1}.String()} {
		target, err := store.ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		ban := store.Ban{Target: target, Why: strings.Repeat("w", store.MaxWhy), Since: at}
		if got, err := ParseBan([]byte(target.String()), AppendBan(nil, &ban)); err != nil || got != ban {
			t.Errorf("%+v, %v; want %+v", got, err, ban)
		}
	}
}

// FuzzParseAccess checks that an accepted value is written back as the same bytes,
// or at least with the same meaning.
func FuzzParseAccess(f *testing.F) {
	f.Add([]byte("192.0.2.7"), AppendBan(nil, &store.Ban{Why: "w", Since: time.Unix(1, 0)}))
	f.Add([]byte("::ffff:1.2.3.4/100"), []byte{1, 0})
	f.Add([]byte{}, AppendMember(nil, &store.Member{For: "Zoë", Since: time.Unix(1, 0)}))
	f.Add([]byte{}, []byte{0xff})
	f.Fuzz(func(t *testing.T, key, raw []byte) {
		if i, err := ParseInvite(raw); err == nil {
			if again, err := ParseInvite(AppendInvite(nil, &i)); err != nil || again != i {
				t.Fatalf("%x gives %+v, that gives %+v, %v", raw, i, again, err)
			}
		}
		if m, err := ParseMember(raw); err == nil {
			if again, err := ParseMember(AppendMember(nil, &m)); err != nil || again != m {
				t.Fatalf("%x gives %+v, that gives %+v, %v", raw, m, again, err)
			}
		}
		b, err := ParseBan(key, raw)
		if err != nil {
			return
		}
		again, err := ParseBan([]byte(b.Target.String()), AppendBan(nil, &b))
		if err != nil || again != b {
			t.Fatalf("%q %x gives %+v, that gives %+v, %v", key, raw, b, again, err)
		}
		if again.Target.String() != b.Target.String() {
			t.Fatalf("%q has two texts", key)
		}
	})
}
