// Command licences collects the licences of everything that is built into the programs,
// on any system, from the module cache.
//
//	go run ./assets/licences > assets/licences.txt
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	text, err := collect()
	if err == nil {
		_, err = os.Stdout.WriteString(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

var (
	programs = []string{"centralizedp2p/app", "centralizedp2p/tracker"}
	systems  = []string{"linux", "windows", "darwin", "freebsd", "openbsd"}
	// A licence may be that of a font, or of C code, in a folder of its module.
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-_.].*)?$`)
)

const (
	lineWidth = 80 // characters; longer lines are folded between words
	heading   = "This program is built from these works. The licences stand below each of them.\n"
)

// collect returns all licences as one text. Works that share the same texts stand
// together.
func collect() (string, error) {
	modules, err := modules()
	if err != nil {
		return "", err
	}
	root, err := goCommand(nil, "env", "GOROOT")
	if err != nil {
		return "", err
	}
	modules["Go"] = strings.TrimSpace(root)
	sharing := map[string][]string{} // the works, by their licences
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		texts, err := licencesIn(modules[name], name == "Go")
		if err != nil {
			return "", err
		}
		if texts == "" {
			return "", fmt.Errorf("%s has no licence in %s", name, modules[name])
		}
		sharing[texts] = append(sharing[texts], name)
	}
	texts := slices.SortedFunc(maps.Keys(sharing), func(a, b string) int { return strings.Compare(sharing[a][0], sharing[b][0]) })
	var all strings.Builder
	all.WriteString(heading)
	for _, text := range texts {
		fmt.Fprintf(&all, "\n%s\n%s\n\n%s", strings.Repeat("=", lineWidth), strings.Join(sharing[text], "\n"), text)
	}
	return all.String(), nil
}

// modules returns the folders of the modules that any build of the programs takes
// packages from, by their paths.
func modules() (map[string]string, error) {
	folders := map[string]string{}
	for _, system := range systems {
		args := append([]string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"}, programs...)
		list, err := goCommand(append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=1"), args...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", system, err)
		}
		for line := range strings.Lines(list) {
			if path, folder, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				folders[path] = folder
			}
		}
	}
	return folders, nil
}

func goCommand(environ []string, args ...string) (string, error) {
	command := exec.Command("go", args...)
	command.Env = environ
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	return string(out), nil
}

// licencesIn returns the texts of all licences below a folder; with only, of those in
// the folder itself.
func licencesIn(folder string, only bool) (string, error) {
	var texts []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if path != folder && (only || entry.Name() == "testdata" || entry.Name() == "cmd") {
				return fs.SkipDir
			}
			return nil
		case !licenceFile.MatchString(entry.Name()) || filepath.Ext(path) == ".go":
			return nil
		}
		raw, err := os.ReadFile(path)
		text := fold(strings.ReplaceAll(string(raw), "\r\n", "\n"))
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		return err
	})
	return strings.Join(texts, "\n"+strings.Repeat("-", lineWidth)+"\n"), err
}

// fold breaks long lines between words, and ends the text with one line end.
func fold(text string) string {
	var folded strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), " \n\f")
		for len([]rune(line)) > lineWidth {
			at := strings.LastIndexByte(string([]rune(line)[:lineWidth+1]), ' ')
			if at <= 0 {
				break
			}
			folded.WriteString(line[:at] + "\n")
			line = line[at+1:]
		}
		folded.WriteString(line + "\n")
	}
	return folded.String()
}
