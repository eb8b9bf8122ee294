package netproto_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// moduleRoot returns the nearest folder above with a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("there is no go.mod from here upward")
		}
		dir = parent
	}
}

func TestTheHouseKeepsItsLaw(t *testing.T) {
	complaints, err := inspectHouse(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

// lawfulHouse has a file in every room, which imports everything it may.
var lawfulHouse = map[string]string{
	"go.mod":         "module centralizedp2p\n\ngo 1.26.0\n",
	"go.sum":         "",
	"README.md":      "",
	"FyneApp.toml":   "",
	".gitignore":     "# built\n/bin/\n/dist/\n*.test\n",
	".ci/run":        "",
	"bin/tool.go":    "package common",
	"peer.test":      "",
	"assets/a.go":    source("assets", "embed"),
	"netproto/a.go":  "package netproto\nimport (\n\"net\"\n\"net/http\"\n\"net/url\"\n)\nvar _, _, _ = net.JoinHostPort, http.StatusOK, url.Parse\n",
	"netproto/ok.go": source("netproto", "github.com/google/uuid", "golang.org/x/text/unicode/norm", "crypto/ed25519"),
	"netproto/a_test.go": source("netproto_test", "centralizedp2p/netproto", "centralizedp2p/netproto/identity",
		"os", "net", "lukechampine.com/blake3"),
	"netproto/identity/a.go":         source("identity", "centralizedp2p/netproto", "os", "crypto/tls"),
	"tracker/main.go":                source("main", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/cli", "centralizedp2p/tracker/boltstore", "github.com/spf13/cobra"),
	"tracker/cli/a.go":               source("cli", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/boltstore", "centralizedp2p/tracker/store", "github.com/spf13/cobra"),
	"tracker/daemon/a.go":            source("daemon", "centralizedp2p/tracker/server", "centralizedp2p/tracker/store", "centralizedp2p/netproto/lan"),
	"tracker/daemon/a_test.go":       source("daemon_test", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/boltstore"),
	"tracker/server/a.go":            source("server", "centralizedp2p/netproto/identity", "centralizedp2p/tracker/seedapi", "centralizedp2p/tracker/strictjson", "centralizedp2p/tracker/limit", "centralizedp2p/tracker/store", "centralizedp2p/tracker/server/metrics", "net/http"),
	"tracker/server/metrics/a.go":    source("metrics", "centralizedp2p/tracker/server/origin", "centralizedp2p/tracker/store", "github.com/prometheus/client_golang/prometheus"),
	"tracker/server/a_test.go":       source("server_test", "centralizedp2p/tracker/server", "centralizedp2p/tracker/boltstore"),
	"tracker/seedapi/a.go":           source("seedapi", "centralizedp2p/netproto", "centralizedp2p/tracker/store", "centralizedp2p/tracker/strictjson", "centralizedp2p/tracker/netaddr", "net/http"),
	"tracker/boltstore/a.go":         source("boltstore", "centralizedp2p/tracker/store", "centralizedp2p/tracker/memory", "go.etcd.io/bbolt"),
	"tracker/memory/a.go":            source("memory", "centralizedp2p/tracker/store", "centralizedp2p/tracker/index"),
	"tracker/boltstore/a_test.go":    source("boltstore", "centralizedp2p/tracker/storetest", "go.etcd.io/bbolt"),
	"tracker/storetest/a.go":         source("storetest", "centralizedp2p/tracker/store"),
	"tracker/store/a.go":             source("store", "centralizedp2p/netproto"),
	"tracker/index/a.go":             source("index", "centralizedp2p/netproto"),
	"tracker/strictjson/a.go":        source("strictjson", "centralizedp2p/netproto", "encoding/json"),
	"tracker/limit/a.go":             source("limit", "centralizedp2p/tracker/netaddr"),
	"tracker/netaddr/a.go":           source("netaddr", "net/netip"),
	"tracker/netaddr/a_test.go":      source("netaddr", "centralizedp2p/netproto/nametest"),
	"netproto/nametest/a.go":         source("nametest", "testing"),
	"tracker/load/a_test.go":         source("load", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/boltstore"),
	"app/main.go":                    source("main", "centralizedp2p/app/command", "os"),
	"app/main_test.go":               source("main", "centralizedp2p/tracker/daemon", "lukechampine.com/blake3"),
	"app/desktop.go":                 "//go:build cgo && !headless\n\n" + source("main", "fyne.io/fyne/v2", "fyne.io/fyne/v2/app", "centralizedp2p/app/desktop", "centralizedp2p/app/localengine", "centralizedp2p/assets"),
	"app/desktop/a.go":               source("desktop", "fyne.io/fyne/v2/widget", "fyne.io/systray", "centralizedp2p/netproto", "centralizedp2p/app/face", "centralizedp2p/assets", "centralizedp2p/app/desktop/kit", "centralizedp2p/app/desktop/pages", "centralizedp2p/app/desktop/words"),
	"app/desktop/pages/a.go":         source("pages", "fyne.io/fyne/v2/widget", "centralizedp2p/netproto", "centralizedp2p/app/face", "centralizedp2p/assets", "centralizedp2p/app/desktop/kit", "centralizedp2p/app/desktop/words"),
	"app/desktop/pages/shares/a.go":  source("shares", "fyne.io/fyne/v2", "centralizedp2p/app/desktop/pages", "centralizedp2p/app/desktop/pages/portrait", "centralizedp2p/app/desktop/pages/browsers"),
	"app/desktop/kit/a.go":           source("kit", "fyne.io/fyne/v2", "centralizedp2p/app/desktop/kit/look", "centralizedp2p/app/desktop/words", "centralizedp2p/netproto"),
	"app/desktop/kit/look/a.go":      source("look", "fyne.io/fyne/v2", "centralizedp2p/assets"),
	"app/desktop/kit/lists/a.go":     source("lists", "fyne.io/fyne/v2", "centralizedp2p/app/desktop/kit", "centralizedp2p/app/desktop/kit/look"),
	"app/desktop/kit/tables/a.go":    source("tables", "fyne.io/fyne/v2", "centralizedp2p/app/desktop/kit", "centralizedp2p/app/desktop/kit/lists"),
	"app/desktop/words/a.go":         source("words", "github.com/nicksnyder/go-i18n/v2/i18n", "centralizedp2p/app/face", "centralizedp2p/assets", "centralizedp2p/netproto"),
	"app/desktop/launch/a.go":        source("launch", "os"),
	"app/desktop/native/a.go":        source("native", "os", "github.com/godbus/dbus/v5"),
	"app/desktop/a_test.go":          source("desktop", "fyne.io/fyne/v2/test"),
	"app/face/a.go":                  source("face", "centralizedp2p/netproto"),
	"app/localengine/a.go":           source("localengine", "centralizedp2p/app/face", "centralizedp2p/app/peer", "centralizedp2p/app/node"),
	"app/command/a.go":               source("command", "centralizedp2p/tracker/cli", "centralizedp2p/app/node", "centralizedp2p/app/peer", "github.com/spf13/cobra"),
	"app/command/control/a.go":       source("control", "centralizedp2p/app/command/drive", "centralizedp2p/app/face", "github.com/spf13/cobra"),
	"app/command/lookout/a.go":       source("lookout", "centralizedp2p/app/command/screen", "centralizedp2p/app/peer/queue"),
	"app/node/a.go":                  source("node", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/boltstore", "centralizedp2p/app/peer"),
	"app/peer/a.go":                  source("peer", "centralizedp2p/netproto", "centralizedp2p/app/piece", "centralizedp2p/app/library", "centralizedp2p/app/peer/queue", "net"),
	"app/peer/queue/a.go":            source("queue", "centralizedp2p/app/peer/swarm", "centralizedp2p/app/peer/flow", "centralizedp2p/app/library"),
	"app/peer/swarm/a.go":            source("swarm", "centralizedp2p/app/peer/session", "centralizedp2p/app/peer/offer", "centralizedp2p/app/piece", "centralizedp2p/app/peer/swarm/pace", "centralizedp2p/app/peer/swarm/picker", "centralizedp2p/app/peer/swarm/sources"),
	"app/peer/swarm/pace/a.go":       source("pace", "centralizedp2p/app/peer/flow", "centralizedp2p/netproto"),
	"app/peer/swarm/picker/a.go":     source("picker", "centralizedp2p/app/piece"),
	"app/peer/swarm/sources/a.go":    source("sources", "centralizedp2p/app/peer/session", "centralizedp2p/netproto"),
	"app/peer/swarm/filelist/a.go":   source("filelist", "centralizedp2p/netproto"),
	"app/peer/a_test.go":             source("peer_test", "centralizedp2p/app/peer", "centralizedp2p/tracker/daemon", "centralizedp2p/tracker/boltstore", "lukechampine.com/blake3"),
	"app/peer/testdata/ignored.go":   "this is no Go",
	"app/load/a_test.go":             source("load", "centralizedp2p/app/command", "centralizedp2p/app/peer", "centralizedp2p/netproto"),
	"app/disk/a.go":                  source("disk", "centralizedp2p/netproto", "centralizedp2p/netproto/durable", "golang.org/x/sys/unix", "syscall"),
	"app/piece/a.go":                 source("piece", "centralizedp2p/app/disk", "lukechampine.com/blake3", "lukechampine.com/blake3/guts", "os"),
	"app/piece/a_test.go":            source("piece", "centralizedp2p/netproto/durable", "golang.org/x/sys/windows", "syscall"),
	"app/library/a.go":               source("library", "go.etcd.io/bbolt", "centralizedp2p/netproto"),
	"app/trackerclient/a.go":         source("trackerclient", "github.com/go-resty/resty/v2", "net/http"),
	"app/watch/a.go":                 source("watch", "github.com/fsnotify/fsnotify", "centralizedp2p/netproto"),
	"app/seedpeer/a.go":              source("seedpeer", "net", "centralizedp2p/netproto"),
	"app/peer/_old/util.go":          "package util",
	"app/seedpeer/testdata/x.golden": "",
}

// source returns a file of the package that imports the libraries.
func source(pkg string, libraries ...string) string {
	var b strings.Builder
	b.WriteString("package " + pkg + "\n")
	for _, library := range libraries {
		b.WriteString("import _ \"" + library + "\"\n")
	}
	return b.String()
}

// build writes a lawful house to a new folder.
func build(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range lawfulHouse {
		put(t, root, name, text)
	}
	return root
}

// put writes a file of a house. remove deletes it again, along with the folders made
// for it.
func put(t *testing.T, root, name, text string) (remove func()) {
	t.Helper()
	made := filepath.Join(root, filepath.FromSlash(name))
	file := made
	for dir := filepath.Dir(file); dir != root; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		made = dir
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.RemoveAll(made); err != nil {
			t.Fatal(err)
		}
	}
}

func inspect(t *testing.T, root string) []string {
	t.Helper()
	complaints, err := inspectHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	return complaints
}

func TestALawfulHouseIsLeftInPeace(t *testing.T) {
	for _, complaint := range inspect(t, build(t)) {
		t.Error(complaint)
	}
}

// breach is a file that a lawful house must not have, and a text that the complaint
// must contain.
type breach struct{ file, text, about string }

// imports returns the breach of a file that imports what it must not.
func imports(file, library string) breach {
	return breach{file, source(filepath.Base(filepath.Dir(file)), library), " imports " + strings.TrimPrefix(library, "centralizedp2p/")}
}

var engineRooms = []string{"app/peer", "app/piece", "app/library", "app/trackerclient", "app/seedpeer"}

// localBreaches returns imports through a wall of the house.
func localBreaches() (breaches []breach) {
	add := func(file, library string) { breaches = append(breaches, imports(file, library)) }
	for _, library := range []string{"netproto/identity", "app/peer", "tracker/server", "assets"} {
		add("netproto/x.go", "centralizedp2p/"+library)
	}
	add("netproto/identity/x.go", "centralizedp2p/app/library")
	add("netproto/x_test.go", "centralizedp2p/app/piece")
	add("netproto/x.go", "centralizedp2p/netproto/nametest")
	add("app/peer/x.go", "centralizedp2p/netproto/nametest")
	for _, library := range []string{"netproto", "app/desktop", "tracker/server"} {
		add("assets/x.go", "centralizedp2p/"+library)
	}
	for _, room := range append([]string{"app", "app/face", "app/desktop", "app/localengine"}, engineRooms...) {
		add(room+"/x.go", "centralizedp2p/tracker/server")
		add(room+"/x.go", "centralizedp2p/tracker/daemon")
		add(room+"/x.go", "centralizedp2p/tracker/boltstore")
		add(room+"/x.go", "centralizedp2p/tracker/cli")
		add(room+"/x_test.go", "centralizedp2p/tracker/index")
	}
	for _, library := range []string{"tracker/index", "tracker/server", "tracker/daemon", "tracker/boltstore", "app/desktop"} {
		add("app/command/x.go", "centralizedp2p/"+library)
	}
	breaches = append(breaches, commandBreaches()...)
	for _, library := range []string{"tracker/index", "tracker/server", "tracker/cli", "app/face", "app/desktop", "app/localengine", "app/command", "app/command/screen"} {
		add("app/node/x.go", "centralizedp2p/"+library)
	}
	add("app/load/x.go", "centralizedp2p/app/peer")
	add("app/load/x_test.go", "centralizedp2p/app/desktop")
	add("app/localengine/x.go", "centralizedp2p/app/desktop")
	add("app/localengine/x_test.go", "centralizedp2p/app/desktop")
	add("app/localengine/x.go", "centralizedp2p/app/command")
	for _, library := range []string{"app/peer", "app/desktop", "app/localengine", "app/node", "app/command", "assets", "netproto/identity"} {
		add("app/face/x.go", "centralizedp2p/"+library)
		add("app/face/x_test.go", "centralizedp2p/"+library)
	}
	for _, room := range engineRooms {
		for _, library := range []string{"app/face", "app/desktop", "app/desktop/kit", "app/desktop/words", "app/localengine", "app/node", "app/command", "assets"} {
			add(room+"/x.go", "centralizedp2p/"+library)
			add(room+"/x_test.go", "centralizedp2p/"+library)
		}
	}
	for _, library := range []string{"app/piece", "app/peer", "app/watch", "netproto/readfile"} {
		add("app/disk/x.go", "centralizedp2p/"+library)
		add("app/disk/x_test.go", "centralizedp2p/"+library)
	}
	for _, library := range []string{"app/peer", "app/peer/swarm", "app/watch", "netproto/identity", "tracker/server"} {
		add("app/piece/x.go", "centralizedp2p/"+library)
		add("app/piece/x_test.go", "centralizedp2p/"+library)
	}
	for _, library := range []string{"app/peer", "app/library", "app/localengine", "app/node", "app/command", "app/trackerclient"} {
		add("app/desktop/x.go", "centralizedp2p/"+library)
		add("app/desktop/x_test.go", "centralizedp2p/"+library)
	}
	for _, library := range []string{"app/desktop", "app/desktop/launch", "app/desktop/pages/search", "app/peer", "app/localengine"} {
		for _, room := range []string{"pages", "pages/portrait", "pages/people", "pages/shares", "pages/firststart"} {
			add("app/desktop/"+room+"/x.go", "centralizedp2p/"+library)
			add("app/desktop/"+room+"/x_test.go", "centralizedp2p/"+library)
		}
	}
	for _, library := range []string{"app/desktop", "app/desktop/pages", "app/face", "app/peer", "app/localengine"} {
		add("app/desktop/kit/x.go", "centralizedp2p/"+library)
		add("app/desktop/kit/x_test.go", "centralizedp2p/"+library)
	}
	for _, room := range []string{"look", "lists", "tables", "drawings", "ticks"} {
		for _, library := range []string{"app/desktop", "app/desktop/pages", "app/desktop/kit/sheets", "app/face", "app/peer"} {
			add("app/desktop/kit/"+room+"/x.go", "centralizedp2p/"+library)
			add("app/desktop/kit/"+room+"/x_test.go", "centralizedp2p/"+library)
		}
	}
	for _, room := range []string{"look", "lists", "drawings", "sheets", "ticks"} {
		add("app/desktop/kit/"+room+"/x.go", "centralizedp2p/app/desktop/kit/tables")
	}
	for _, room := range []string{"lists", "tables", "drawings", "sheets", "ticks"} {
		add("app/desktop/kit/x.go", "centralizedp2p/app/desktop/kit/"+room)
		add("app/desktop/kit/x_test.go", "centralizedp2p/app/desktop/kit/"+room)
	}
	add("app/desktop/kit/look/x.go", "centralizedp2p/app/desktop/kit")
	for _, library := range []string{"app/desktop", "app/desktop/pages", "app/desktop/words", "app/face", "netproto"} {
		add("app/desktop/native/x.go", "centralizedp2p/"+library)
		add("app/desktop/native/x_test.go", "centralizedp2p/"+library)
	}
	for _, library := range []string{"app/desktop", "app/desktop/kit", "app/desktop/pages", "app/peer", "app/localengine"} {
		add("app/desktop/words/x.go", "centralizedp2p/"+library)
		add("app/desktop/words/x_test.go", "centralizedp2p/"+library)
	}
	return breaches
}

// commandBreaches go up between the rooms of the command line, or from one group of commands to
// another.
func commandBreaches() (breaches []breach) {
	add := func(file, library string) { breaches = append(breaches, imports(file, library)) }
	groups := []string{"control", "person", "serve", "webpage"}
	for _, group := range groups {
		for _, above := range []string{"app/command", "app/peer", "app/desktop", "tracker/server"} {
			add("app/command/"+group+"/x.go", "centralizedp2p/"+above)
		}
		for _, other := range groups {
			if other != group {
				add("app/command/"+group+"/x.go", "centralizedp2p/app/command/"+other)
			}
		}
		for _, below := range []string{"drive", "lookout", "screen", "usage"} {
			add("app/command/"+below+"/x.go", "centralizedp2p/app/command/"+group)
		}
	}
	add("app/command/screen/x.go", "centralizedp2p/app/command/lookout")
	add("app/command/lookout/x.go", "centralizedp2p/app/command/drive")
	return breaches
}

// peerBreaches go up between the rooms of the engine, or out of them.
func peerBreaches() (breaches []breach) {
	add := func(file, library string) { breaches = append(breaches, imports(file, library)) }
	for room, upward := range map[string][]string{
		"flow":           {"app/peer/offer", "app/peer/session", "app/piece"},
		"offer":          {"app/peer/flow", "app/peer/sharing", "app/peer/swarm", "app/library"},
		"session":        {"app/peer/flow", "app/peer/offer", "app/peer/serving", "app/peer/swarm", "app/library"},
		"reach":          {"app/peer/swarm", "app/peer/serving", "app/peer/membership", "app/library", "app/trackerclient"},
		"membership":     {"app/peer/offer", "app/peer/session", "app/library", "app/trackerclient"},
		"serving":        {"app/peer/swarm", "app/peer/sharing", "app/peer/membership", "app/library"},
		"sharing":        {"app/peer/session", "app/peer/serving", "app/peer/swarm", "app/peer/queue", "app/peer/membership"},
		"swarm/pace":     {"app/peer/swarm", "app/peer/session", "app/peer/offer", "app/piece"},
		"swarm/picker":   {"app/peer/swarm", "app/peer/swarm/pace", "app/peer/session", "app/peer/flow"},
		"swarm/filelist": {"app/peer/swarm", "app/peer/swarm/sources", "app/piece"},
		"swarm/sources":  {"app/peer/swarm", "app/peer/swarm/pace", "app/peer/reach", "app/piece"},
		"swarm":          {"app/peer/serving", "app/peer/sharing", "app/peer/queue", "app/peer/membership", "app/library"},
		"queue":          {"app/peer/reach", "app/peer/serving", "app/peer/sharing", "app/peer/membership", "app/trackerclient"},
	} {
		for _, library := range append(upward, "app/peer", "app/face", "app/node", "tracker/daemon") {
			add("app/peer/"+room+"/x.go", "centralizedp2p/"+library)
			add("app/peer/"+room+"/x_test.go", "centralizedp2p/"+library)
		}
	}
	for _, room := range inSwarm {
		add("app/peer/x.go", "centralizedp2p/"+room)
		add("app/peer/queue/x.go", "centralizedp2p/"+room)
		add("app/peer/serving/x.go", "centralizedp2p/"+room)
	}
	return breaches
}

// trackerBreaches returns imports through a wall inside the tracker, or out of it.
func trackerBreaches() (breaches []breach) {
	add := func(file, library string) { breaches = append(breaches, imports(file, library)) }
	for room, upward := range map[string][]string{
		"tracker":                  {"tracker/server", "tracker/index"},
		"tracker/cli":              {"tracker/server", "tracker/index"},
		"tracker/daemon":           {"tracker/cli", "tracker/boltstore", "tracker/seedapi"},
		"tracker/server":           {"tracker/daemon", "tracker/boltstore", "tracker/index", "tracker/cli"},
		"tracker/server/origin":    {"tracker/server", "tracker/store", "tracker/daemon"},
		"tracker/server/rest":      {"tracker/server", "tracker/boltstore", "tracker/limit"},
		"tracker/server/owner":     {"tracker/server", "tracker/server/front", "tracker/line", "tracker/boltstore"},
		"tracker/server/webpages":  {"tracker/server", "tracker/server/admission", "tracker/server/metrics", "tracker/boltstore"},
		"tracker/server/front":     {"tracker/server", "tracker/server/rest", "tracker/server/admission", "tracker/limit", "tracker/store"},
		"tracker/server/places":    {"tracker/server", "tracker/server/rest", "tracker/line", "tracker/nodes"},
		"tracker/server/admission": {"tracker/server", "tracker/server/rest", "tracker/server/metrics", "tracker/boltstore"},
		"tracker/server/metrics":   {"tracker/server", "tracker/server/rest", "tracker/line", "tracker/relay"},
		"tracker/seedapi":          {"tracker/server", "netproto/identity"},
		"tracker/line":             {"tracker/server", "tracker/nodes", "tracker/store"},
		"tracker/dialback":         {"tracker/server", "tracker/store", "tracker/line"},
		"tracker/nodes":            {"tracker/server", "tracker/pgstore", "tracker/wishes", "tracker/relay", "netproto/identity"},
		"tracker/boltstore":        {"tracker/server", "tracker/daemon", "tracker/limit", "tracker/index"},
		"tracker/memory":           {"tracker/server", "tracker/boltstore", "tracker/limit"},
		"tracker/record":           {"tracker/boltstore", "tracker/index"},
		"tracker/pgstore":          {"tracker/server", "tracker/daemon", "tracker/index"},
		"tracker/storetest":        {"tracker/boltstore", "tracker/server"},
		"tracker/store":            {"tracker/boltstore", "tracker/server", "netproto/identity"},
		"tracker/index":            {"tracker/store", "tracker/boltstore"},
		"tracker/strictjson":       {"tracker/server", "tracker/store"},
		"tracker/limit":            {"netproto", "tracker/server"},
		"tracker/netaddr":          {"netproto", "tracker/store"},
		"tracker/load":             {"tracker/daemon"},
	} {
		for _, library := range upward {
			add(room+"/x.go", "centralizedp2p/"+library)
		}
		add(room+"/x.go", "centralizedp2p/app/peer")
		add(room+"/x_test.go", "centralizedp2p/app/trackerclient")
		add(room+"/x.go", "centralizedp2p/assets")
	}
	add("tracker/boltstore/x_test.go", "centralizedp2p/tracker/server")
	add("tracker/server/x_test.go", "centralizedp2p/tracker/daemon")
	return breaches
}

// libraryBreaches returns imports of libraries outside their rooms.
func libraryBreaches() (breaches []breach) {
	add := func(file, library string) { breaches = append(breaches, imports(file, library)) }
	for library, lawful := range map[string][]string{
		"fyne.io/fyne/v2":                       {"app/desktop", "app/desktop/kit", "app/desktop/pages"},
		"github.com/nicksnyder/go-i18n/v2/i18n": {"app/desktop/words"},
		"fyne.io/fyne/v2/app":                   {},
		"fyne.io/systray":                       {"app/desktop", "app/desktop/kit", "app/desktop/pages"},
		"github.com/go-resty/resty/v2":          {"app/trackerclient"},
		"github.com/fsnotify/fsnotify":          {"app/watch"},
		"github.com/prometheus/common":          {"tracker/server/metrics"},
		"github.com/pires/go-proxyproto":        {"tracker/server/front"},
		"go.etcd.io/bbolt":                      {"tracker/boltstore", "app/library"},
		"github.com/jackc/pgx/v5":               {"tracker/pgstore"},
		"github.com/spf13/cobra":                {"app/command", "app/command/drive", "tracker", "tracker/cli"},
		"lukechampine.com/blake3/guts":          {"app/piece"},
		"github.com/godbus/dbus/v5":             {"app/desktop/native"},
	} {
		for _, room := range []string{
			"netproto", "netproto/identity", "assets", "tracker", "tracker/cli", "tracker/daemon", "tracker/server", "tracker/server/metrics", "tracker/server/rest", "tracker/store", "tracker/index", "tracker/boltstore",
			"app", "app/face", "app/desktop", "app/desktop/kit", "app/desktop/pages", "app/desktop/words", "app/desktop/launch", "app/desktop/native", "app/localengine", "app/node", "app/command", "app/command/drive", "app/command/screen", "app/command/lookout", "app/peer", "app/piece", "app/library", "app/trackerclient", "app/seedpeer",
		} {
			if !slices.Contains(lawful, room) {
				add(room+"/x.go", library)
			}
		}
	}
	for _, library := range []string{"net", "net/http", "net/netip"} {
		add("app/piece/x.go", library)
		add("app/piece/x_test.go", library)
	}
	for _, library := range []string{"syscall", "golang.org/x/sys/unix", "golang.org/x/sys/windows"} {
		add("app/piece/x.go", library)
	}
	for _, library := range []string{"os", "os/exec", "crypto/tls"} {
		add("netproto/x.go", library)
	}
	return breaches
}

// otherBreaches returns breaches that are more than an import.
func otherBreaches() []breach {
	fyne := source("main", "fyne.io/fyne/v2/app")
	return []breach{
		{"app/x.go", "//go:build !headless\n\n" + fyne, "go:build cgo"},
		{"app/x.go", "//go:build cgo || headless\n\n" + fyne, "go:build cgo"},
		{"app/x.go", "//go:build !cgo\n\n" + fyne, "go:build cgo"},
		{"app/desktop/x.go", "//go:build cgo\n\n" + source("desktop", "fyne.io/fyne/v2/app"), "fyne.io/fyne/v2/app"},
		{"netproto/x.go", "package netproto\nimport \"net\"\nvar _, _ = net.Dial(\"tcp\", \"h:1\")\n", "net.Dial"},
		{"netproto/x.go", "package netproto\nimport n \"net\"\nvar _ n.Conn\n", "net.Conn"},
		{"netproto/x.go", "package netproto\nimport \"net/http\"\nvar _ http.Handler\n", "http.Handler"},
		{"main.go", source("main"), "top level"},
		{"LICENSE.txt", "", "top level"},
		{"internal/x.go", source("internal"), "top level"},
		{"tools/x.go", source("tools", "centralizedp2p/netproto"), "no room"},
		{"tracker/closet/x.go", source("closet", "centralizedp2p/netproto"), "no room"},
		{"app/util/x.go", source("bytesize"), "util"},
		{"app/peer/x.go", source("helpers"), "helpers"},
		{"tracker/models/x.go", source("models"), "models"},
		{"app/common/x_test.go", source("common_test"), "common"},
		{"app/peer/x.go", "package peer\n" + strings.Repeat("//\n", 600), "601 lines"},
	}
}

// TestEveryBreachOfTheLawIsSeen adds one file at a time to a lawful house, which shows
// that the law can fail.
func TestEveryBreachOfTheLawIsSeen(t *testing.T) {
	breaches := slices.Concat(localBreaches(), peerBreaches(), trackerBreaches(), libraryBreaches(), otherBreaches())
	if len(breaches) < 150 {
		t.Errorf("only %d breaches are tried", len(breaches))
	}
	root := build(t)
	for _, b := range breaches {
		remove := put(t, root, b.file, b.text)
		complaints := inspect(t, root)
		if !slices.ContainsFunc(complaints, func(complaint string) bool { return strings.Contains(complaint, b.about) }) {
			t.Errorf("%s with\n%s\nis let pass: %q", b.file, b.text[:min(len(b.text), 200)], complaints)
		}
		remove()
	}
	if complaints := inspect(t, root); len(complaints) != 0 {
		t.Errorf("the house is not lawful again: %q", complaints)
	}
}
