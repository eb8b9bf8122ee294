package localengine

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

func TestEveryFieldOfTheSettingsIsChecked(t *testing.T) {
	alice := newHouse(t)
	file, _ := alice.write("file", 1)
	taken, err := net.Listen("tcp", ":0")
	check(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	before := alice.chosen()
	for _, c := range []struct {
		name   string
		change func(*face.Settings)
		field  face.Field
		code   netproto.Code
	}{
		{"no name", func(s *face.Settings) { s.Name = " " }, face.FieldName, netproto.CodeInvalid},
		{"a long name", func(s *face.Settings) { s.Name = strings.Repeat("n", netproto.MaxPeerName+1) }, face.FieldName, netproto.CodeInvalid},
		{"a name with controls", func(s *face.Settings) { s.Name = "a\x1b[31mb" }, face.FieldName, netproto.CodeInvalid},
		{"no folder", func(s *face.Settings) { s.DownloadFolder = "" }, face.FieldDownloadFolder, netproto.CodeInvalid},
		{"a relative folder", func(s *face.Settings) { s.DownloadFolder = "here" }, face.FieldDownloadFolder, netproto.CodeInvalid},
		{"a file", func(s *face.Settings) { s.DownloadFolder = file }, face.FieldDownloadFolder, netproto.CodeFolderUnwritable},
		{"below a file", func(s *face.Settings) { s.DownloadFolder = filepath.Join(file, "x") }, face.FieldDownloadFolder, netproto.CodeFolderUnwritable},
		{"no downloads", func(s *face.Settings) { s.DownloadsAtOnce = 0 }, face.FieldDownloadsAtOnce, netproto.CodeInvalid},
		{"many downloads", func(s *face.Settings) { s.DownloadsAtOnce = face.MaxDownloadsAtOnce + 1 }, face.FieldDownloadsAtOnce, netproto.CodeInvalid},
		{"no slots", func(s *face.Settings) { s.UploadSlots = 0 }, face.FieldUploadSlots, netproto.CodeInvalid},
		{"many slots", func(s *face.Settings) { s.UploadSlots = face.MaxUploadSlots + 1 }, face.FieldUploadSlots, netproto.CodeInvalid},
		{"a negative port", func(s *face.Settings) { s.Port = -1 }, face.FieldPort, netproto.CodeInvalid},
		{"a large port", func(s *face.Settings) { s.Port = 65536 }, face.FieldPort, netproto.CodeInvalid},
		{"a taken port", func(s *face.Settings) { s.Port = port }, face.FieldPort, netproto.CodePortInUse},
		{"a negative limit down", func(s *face.Settings) { s.DownLimit = -1 }, face.FieldDownLimit, netproto.CodeInvalid},
		{"a negative limit up", func(s *face.Settings) { s.UpLimit = -1 }, face.FieldUpLimit, netproto.CodeInvalid},
		{"a negative quick limit down", func(s *face.Settings) { s.QuickDown = -1 }, face.FieldQuickDown, netproto.CodeInvalid},
		{"a negative quick limit up", func(s *face.Settings) { s.QuickUp = -1 }, face.FieldQuickUp, netproto.CodeInvalid},
		{"a wrong pattern", func(s *face.Settings) { s.Ignore = "*.part\n[a-" }, face.FieldIgnore, netproto.CodeInvalid},
		{"a wrong program", func(s *face.Settings) { s.OnFinished = "\"" }, face.FieldOnFinished, netproto.CodeInvalid},
		{"a large port for the tracker", func(s *face.Settings) { s.TrackerPort = 65536 }, face.FieldTrackerPort, netproto.CodeInvalid},
		{"an hour that no day has", func(s *face.Settings) { s.Timetable.To = 24 * 60 }, face.FieldTimetable, netproto.CodeInvalid},
		{"no policy", func(s *face.Settings) { s.SeedClients = "some" }, face.FieldSeedClients, netproto.CodeInvalid},
	} {
		err := alice.change(c.change)
		invalid, ok := errors.AsType[face.InvalidSettings](err)
		if !ok || len(invalid) != 1 || invalid[c.field].Code != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if after := alice.chosen(); after != before {
			t.Errorf("%s: the settings are %+v now", c.name, after)
		}
	}
	err = alice.change(func(s *face.Settings) { s.Name, s.Port, s.DownLimit, s.DownloadFolder = "", -1, -1, "" })
	if invalid, ok := errors.AsType[face.InvalidSettings](err); !ok || len(invalid) != 4 {
		t.Errorf("of four wrong fields it says %v", err)
	}
}

func TestSettingsAreRemembered(t *testing.T) {
	alice := newHouse(t)
	want := face.Settings{Name: "Ålice", DownloadFolder: filepath.Join(alice.downloads, "new", "folder"), DownloadsAtOnce: 7, UploadSlots: 8,
		Port: porttest.Free(t), DownLimit: 1 << 20, UpLimit: 2 << 20, SeedClients: netproto.SeedOff,
		Ignore: "*.tmp\n/old/", GentleHashing: true,
		LocalExempt: true, PoliteUploads: true, Preallocate: true, QuickDown: 3 << 20, QuickUp: 4 << 20,
		TrackerPort: 5001, Unlisted: true, KeepAwake: true, Timetable: face.Timetable{On: true, From: 60, To: 120}, OnFinished: "true"}
	before, chosen := reflect.ValueOf(alice.chosen()), reflect.ValueOf(want)
	for i := range chosen.NumField() { // one that stays as it is does not show whether it is remembered
		if chosen.Field(i).Interface() == before.Field(i).Interface() {
			t.Errorf("%s is not changed", chosen.Type().Field(i).Name)
		}
	}
	check(t, alice.ApplySettings(deadline(t), want))
	expect(t, alice.chosen(), want)
	if _, err := os.Stat(filepath.Dir(want.DownloadFolder)); !os.IsNotExist(err) {
		t.Error("a folder was made before anything was downloaded into it")
	}
	alice.reopen()
	expect(t, alice.chosen(), want)
}

func answers(port int) bool {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), patience)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func TestAnotherPortCountsAtOnce(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 1000)
	alice.offer(path)
	old, next := alice.chosen().Port, porttest.Free(t)
	if old == 0 || !answers(old) {
		t.Fatalf("port %d does not answer", old)
	}
	check(t, alice.change(func(s *face.Settings) { s.Port = next }))
	if !answers(next) {
		t.Errorf("the new port %d does not answer", next)
	}
	alice.until("the old port is free", func() bool { return !answers(old) })
	bob.until("the tracker names the new port", func() bool {
		sources, err := bob.local.engine.Trackers.Main().Sources(deadline(t), bob.findOne("song").Hash)
		check(t, err)
		return len(sources) == 1 && slices.ContainsFunc(sources[0].Addresses, func(a string) bool { return strings.HasSuffix(a, ":"+strconv.Itoa(next)) })
	})
	bob.fetch(bob.findOne("song"))
	same(t, bob.finish("song.flac").Path, content)
}

func TestATakenPortIsNoReasonToRefuseAnotherName(t *testing.T) {
	alice := newHouse(t)
	port := porttest.Free(t)
	check(t, alice.change(func(s *face.Settings) { s.Port = port }))
	alice.close()
	other, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	check(t, err)
	defer other.Close()
	alice.open() // on another port than the one in the settings
	check(t, alice.change(func(s *face.Settings) { s.Name = "bob" }))
	if s := alice.chosen(); s.Name != "bob" || s.Port != port {
		t.Errorf("the settings are %+v", s)
	}
}

func TestALostFolderIsNoReasonToRefuseAnotherName(t *testing.T) {
	alice := newHouse(t)
	lost := filepath.Join(alice.files, "stick")
	check(t, alice.change(func(s *face.Settings) { s.DownloadFolder = lost }))
	check(t, os.WriteFile(lost, nil, 0o644))
	check(t, alice.change(func(s *face.Settings) { s.Name = "bob" }))
}

func TestALimitCountsAtOnce(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("film.mkv", 12<<20)
	alice.offer(path)
	check(t, alice.change(func(s *face.Settings) { s.UpLimit = 128 << 10 })) // with which it takes 96 s
	bob.fetch(bob.findOne("film"))
	bob.until("it comes slowly", func() bool {
		rate := bob.rows()["film.mkv"].Rate
		return rate > 0 && rate < 512<<10
	})
	check(t, alice.change(func(s *face.Settings) { s.UpLimit = 0 }))
	began := time.Now()
	same(t, bob.finish("film.mkv").Path, content)
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("without the limit it took %s", took)
	}
}

// askAsSeed asks for a file as a seed client does.
func askAsSeed(t testing.TB, port int, request string, wait time.Duration) string {
	t.Helper()
	c, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	check(t, err)
	defer c.Close()
	if _, err := c.Write([]byte(request)); err != nil {
		return ""
	}
	check(t, c.SetReadDeadline(time.Now().Add(wait)))
	answer := make([]byte, netproto.SeedMaxBytes)
	n, err := c.Read(answer)
	if err != nil {
		return ""
	}
	return string(answer[:n])
}

func TestThePolicyForSeedClientsCountsAtOnce(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("note.txt", 1000)
	alice.offer(path)
	request := bob.findOne("note").Hash.String() + "/note.txt"
	port := alice.chosen().Port
	if got := askAsSeed(t, port, request, patience); got != string(content) {
		t.Errorf("%d bytes came", len(got))
	}
	check(t, alice.change(func(s *face.Settings) { s.SeedClients = netproto.SeedOff }))
	if got := askAsSeed(t, port, request, 300*time.Millisecond); got != "" {
		t.Errorf("%d bytes came although the policy is off", len(got))
	}
	check(t, alice.change(func(s *face.Settings) { s.SeedClients = netproto.SeedLAN }))
	if got := askAsSeed(t, port, request, patience); got != string(content) {
		t.Errorf("%d bytes came again", len(got))
	}
}
