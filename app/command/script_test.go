package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

// TestScripts runs the scripts in testdata with real processes. They have these
// commands besides those of package testscript; every wait has a deadline.
//
//	run ARGS…                   centralizedp2p ARGS… ends with exit code 0
//	fails CODE PATTERN ARGS…    it ends with that code, one sentence on stderr, and nothing on stdout
//	until PATTERN ARGS…         it is run again until its stdout matches
//	start NAME ARGS…            it runs beside the script from now on
//	await NAME EVENT [PERCENT]  waits for a JSON object with that event; its fields become $NAME_field;
//	                            the port of an address becomes $NAME_port
//	says NAME PATTERN           waits for text on its stdout, after what was waited for before
//	warns NAME PATTERN          waits for text on its stderr likewise
//	type NAME TEXT              types a line
//	ends NAME CODE              waits for its end; then stdout and stderr are those of the process
//	signal NAME INT|TERM|HUP|KILL…  sends signals
//	fields EVENT FIELD…         every line of stdout is a JSON object; those of the event have these fields
//	same A B                    two files, or trees of files, have the same names and bytes
//	http STATUS METHOD URL      asks a server, which answers with that status; the body is stdout and the file "body".
//	                            If it is a JSON object, its fields become $http_field.
//	                            Further arguments are headers, "Name: value", and one that is none is the body
//	random FILE BYTES           makes a file
//	fill FILE                   makes a file as large as the disk lets it be
//	tree FOLDER                 makes a folder with source code of this program
//	limit PROFILE BYTES         limits the download rate of a profile, in bytes per second
//	name PROFILE NAME           gives the person of a profile a name
//	block PROFILE OTHER         blocks the person of another profile
//	smalldisk FOLDER SIZE       mounts a disk of that size
//
// At the address $at a tracker can be started, and started again: nobody takes its port
// meanwhile.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's second at every exit
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("USERPROFILE", home) // Windows has other names for it
			env.Setenv("AppData", filepath.Join(home, "AppData", "Roaming"))
			env.Setenv("LocalAppData", filepath.Join(home, "AppData", "Local"))
			env.Setenv("at", porttest.Address(t))
			env.Values[stageKey{}] = &stage{vars: env.Vars, processes: map[string]*process{}}
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run":       positive(cmdRun),
			"fails":     positive(cmdFails),
			"until":     positive(cmdUntil),
			"start":     positive(cmdStart),
			"await":     positive(cmdAwait),
			"says":      positive(cmdSays),
			"warns":     positive(cmdWarns),
			"type":      positive(cmdType),
			"ends":      positive(cmdEnds),
			"signal":    positive(cmdSignal),
			"fields":    positive(cmdFields),
			"http":      positive(cmdHTTP),
			"same":      positive(cmdSame),
			"random":    positive(cmdRandom),
			"fill":      positive(cmdFill),
			"tree":      positive(cmdTree),
			"limit":     positive(cmdLimit),
			"smalldisk": positive(cmdSmallDisk),
			"name":      positive(cmdName),
			"block":     positive(cmdBlock),
		},
	})
}

// condition knows [disks]: this process may mount a disk.
func condition(name string) (bool, error) {
	if name != "disks" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	_, err := exec.LookPath("mount")
	return runtime.GOOS == "linux" && os.Geteuid() == 0 && err == nil, nil
}

// stage is what a script has running.
type stage struct {
	vars      []string // environment
	processes map[string]*process
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// positive makes a command that cannot be negated with "!".
func positive(command func(*testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		ts.Check(command(ts, args))
	}
}

// invoke runs the program to its end and returns its exit code.
func invoke(ts *testscript.TestScript, args []string) (code int, stdout, stderr string) {
	p, err := launch(ts, args)
	ts.Check(err)
	code, err = p.wait()
	ts.Check(err)
	stdout, stderr = p.out.String(), p.err.String()
	return code, stdout, stderr
}

// show makes the output that of the last command of the script.
func show(ts *testscript.TestScript, stdout, stderr string) {
	fmt.Fprint(ts.Stdout(), stdout)
	fmt.Fprint(ts.Stderr(), stderr)
}

func cmdRun(ts *testscript.TestScript, args []string) error {
	code, stdout, stderr := invoke(ts, args)
	show(ts, stdout, stderr)
	if code != 0 {
		return fmt.Errorf("exit code %d: %s", code, stderr)
	}
	return nil
}

func cmdFails(ts *testscript.TestScript, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	code, stdout, stderr := invoke(ts, args[2:])
	show(ts, stdout, stderr)
	matched, err := regexp.MatchString(args[1], stderr)
	switch {
	case err != nil:
		return err
	case code != want:
		return fmt.Errorf("exit code %d, expected %d: %s", code, want, stderr)
	case stdout != "":
		return fmt.Errorf("stdout has %q", stdout)
	case !matched:
		return fmt.Errorf("stderr has %q, expected %q", stderr, args[1])
	case !strings.HasPrefix(stderr, "centralizedp2p: ") || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, ".\n"):
		return fmt.Errorf("stderr is not one line of sentences: %q", stderr)
	}
	return nil
}

func cmdUntil(ts *testscript.TestScript, args []string) error {
	pattern, err := regexp.Compile(args[0])
	if err != nil {
		return err
	}
	for end := time.Now().Add(patient); ; {
		_, stdout, stderr := invoke(ts, args[1:])
		if pattern.MatchString(stdout) {
			show(ts, stdout, stderr)
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %s: %s%s", patient, stdout, stderr)
		}
	}
}

// cmdFields compares the fields of all events of a kind with a list. One with a "?" may
// be missing.
func cmdFields(ts *testscript.TestScript, args []string) error {
	var want, optional []string
	for _, name := range args[1:] {
		if name, maybe := strings.CutSuffix(name, "?"); maybe {
			optional = append(optional, name)
		} else {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	found := false
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			return fmt.Errorf("not a JSON object: %q: %w", line, err)
		}
		event, _ := object["event"].(string)
		if event != args[0] {
			continue
		}
		found = true
		var have []string
		for name := range object {
			if !slices.Contains(optional, name) {
				have = append(have, name)
			}
		}
		if slices.Sort(have); !slices.Equal(have, want) {
			return fmt.Errorf("%q has the fields %q, expected %q", line, have, want)
		}
	}
	if !found {
		return fmt.Errorf("no event %q", args[0])
	}
	return nil
}

func cmdSame(ts *testscript.TestScript, args []string) error {
	a, err := contentsOf(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	b, err := contentsOf(ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	for name := range a {
		if other, ok := b[name]; !ok || !bytes.Equal(other, a[name]) {
			return fmt.Errorf("%q differs", name)
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		return fmt.Errorf("%d names and %d names", len(a), len(b))
	}
	return nil
}

// contentsOf returns the bytes of a file, or of everything in a folder, by name;
// nil for folders.
func contentsOf(path string) (map[string][]byte, error) {
	found := map[string][]byte{}
	return found, filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(path, file)
		if err != nil || entry.IsDir() {
			found[name] = nil
			return err
		}
		found[name], err = os.ReadFile(file)
		return err
	})
}

func cmdRandom(ts *testscript.TestScript, args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	data := make([]byte, n)
	var seed [32]byte
	copy(seed[:], args[0])
	if _, err := rand.NewChaCha8(seed).Read(data); err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[0]), data, 0o644)
}

func cmdFill(ts *testscript.TestScript, args []string) error {
	f, err := os.Create(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	defer f.Close()
	for block := make([]byte, 1<<20); ; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func cmdTree(ts *testscript.TestScript, args []string) error {
	return os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join("..", "..", "netproto")))
}

func cmdLimit(ts *testscript.TestScript, args []string) error {
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	return limitDownload(ts.MkAbs(args[0]), n)
}

// withLibrary opens a profile that no process has.
func withLibrary(profile string, do func(*library.Library) error) (err error) {
	l, err := library.Open(profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return do(l)
}

func cmdName(ts *testscript.TestScript, args []string) error {
	return withLibrary(ts.MkAbs(args[0]), func(l *library.Library) error {
		settings, err := l.Settings()
		if err != nil {
			return err
		}
		settings.Name = args[1]
		return l.SaveSettings(settings)
	})
}

func cmdBlock(ts *testscript.TestScript, args []string) error {
	var key netproto.PublicKey
	err := withLibrary(ts.MkAbs(args[1]), func(l *library.Library) error {
		key = netproto.PublicKey(l.Identity().Key())
		return nil
	})
	if err != nil {
		return err
	}
	return withLibrary(ts.MkAbs(args[0]), func(l *library.Library) error {
		return l.SavePerson(library.Person{Key: key, Name: args[1], Blocked: true})
	})
}

// limitDownload limits the download rate of a profile to n bytes per second.
func limitDownload(profile string, n int64) (err error) {
	l, err := library.Open(profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	settings, err := l.Settings()
	if err != nil {
		return err
	}
	settings.DownLimit = n
	return l.SaveSettings(settings)
}

func cmdSmallDisk(ts *testscript.TestScript, args []string) error {
	folder := ts.MkAbs(args[0])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", folder).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	ts.Defer(func() {
		if out, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
			ts.Logf("umount: %v: %s", err, out)
		}
	})
	return nil
}
