package daemon_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

// settle reads a command line, an environment and a file as the programs do.
func settle(t *testing.T, args []string, environ map[string]string, file string) (daemon.Options, string, error) {
	t.Helper()
	o := daemon.DefaultOptions()
	set := flag.NewFlagSet("tracker", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	o.Flags(set)
	name := filepath.Join(t.TempDir(), "tracker.conf")
	if file != "" {
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"--config", name}, args...)
	}
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	err := daemon.Settle(set, func(name string) bool { return given[name] }, func(name string) string { return environ[name] })
	return o, name, err
}

func TestAFlagGoesBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	file := "# of the attic\n\nlisten = :1\nname=file's name = with more\r\nseed-clients = off\n"
	for _, c := range []struct {
		args         []string
		environ      map[string]string
		listen, seed string
	}{
		{nil, nil, ":1", "off"},
		{nil, map[string]string{"CP2P_LISTEN": ":2", "CP2P_SEED_CLIENTS": ""}, ":2", "off"},
		{[]string{"--listen", ":3"}, map[string]string{"CP2P_LISTEN": ":2", "CP2P_SEED_CLIENTS": "open"}, ":3", "open"},
		{[]string{"--listen", ":5000"}, map[string]string{"CP2P_LISTEN": ":2"}, ":5000", "off"}, // the default, but given
	} {
		o, _, err := settle(t, c.args, c.environ, file)
		if err != nil || o.Listen != c.listen || o.SeedClients != c.seed || o.Name != "file's name = with more" {
			t.Errorf("%v %v: %+v, %v", c.args, c.environ, o, err)
		}
	}
}

func TestTheEnvironmentCanNameTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.conf")
	if err := os.WriteFile(name, []byte("\ufefflog = json\njson = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, _, err := settle(t, nil, map[string]string{"CP2P_CONFIG": name}, "")
	if err != nil || o.Log != "json" || !o.JSON {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestAWrongSettingIsNamedWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		file    string
		environ map[string]string
		says    []string
	}{
		{"listen = :1\nlissten = :2\n", nil, []string{":2:", `"lissten"`}},
		{"listen = :1\n\nlisten = :2\n", nil, []string{":3:", "listen", "line 1"}},
		{"listen :1\n", nil, []string{":1:", "name = value"}},
		{"= x\n", nil, []string{":1:", "name = value"}},
		{"config = other\n", nil, []string{":1:"}},
		{"Listen = :1\n", nil, []string{":1:", `"Listen"`}},
		{"#\njson = perhaps\n", nil, []string{":2:", "json", "perhaps"}},
		{"", map[string]string{"CP2P_JSON": "perhaps"}, []string{"CP2P_JSON", "perhaps"}},
		{"", map[string]string{"CP2P_CONFIG": filepath.Join(t.TempDir(), "missing")}, []string{"missing"}},
		{strings.Repeat("#", 65<<10), nil, []string{"bytes"}},
	} {
		_, name, err := settle(t, nil, c.environ, c.file)
		if netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("%.40q: %v", c.file, err)
			continue
		}
		if c.file != "" {
			c.says = append(c.says, name)
		}
		for _, says := range c.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%.40q: %q does not say %q", c.file, err, says)
			}
		}
	}
}

func TestTheMemoryIsASizeAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]int64{"512MiB": 512 << 20, "2GB": 2_000_000_000, "1 GiB": 1 << 30, "67108864": 64 << 20, "0": 0} {
		for _, where := range []struct {
			args    []string
			environ map[string]string
			file    string
		}{{args: []string{"--memory", text}}, {environ: map[string]string{"CP2P_MEMORY": text}}, {file: "memory = " + text + "\n"}} {
			o, _, err := settle(t, where.args, where.environ, where.file)
			if err != nil || o.Limits.Memory != want {
				t.Errorf("%+v: %d, %v", where, o.Limits.Memory, err)
			}
		}
	}
	for _, text := range []string{"much", "-1", "1MiB", "99999999999999999999"} {
		if _, _, err := settle(t, nil, map[string]string{"CP2P_MEMORY": text}, ""); netproto.CodeOf(err) != netproto.CodeUsage || !strings.Contains(err.Error(), "CP2P_MEMORY") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if o := daemon.DefaultOptions(); o.Limits.Memory < 64<<20 {
		t.Errorf("by default a tracker may take %d bytes", o.Limits.Memory)
	}
}
