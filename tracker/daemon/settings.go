package daemon

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"centralizedp2p/netproto"
)

// maxSettingsBytes bounds the size of a settings file.
const maxSettingsBytes = 64 << 10

// Variable returns the environment variable for a flag: CP2P_SEED_CLIENTS for
// --seed-clients.
func Variable(name string) string {
	return "CP2P_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Settle fills in the flags of a set that the command line did not give: from
// the environment, or else from the file that --config or CP2P_CONFIG names. An
// empty variable counts as unset. given reports which flags were on the command
// line; those are never overridden.
//
// A file has lines of the form "name = value", where the names are those of the
// flags. It may have empty lines, and comments that begin with #. Errors are
// netproto.CodeUsage and name the file and the line, or the variable.
func Settle(set *flag.FlagSet, given func(name string) bool, environ func(string) string) error {
	config := set.Lookup(configFlag)
	if !given(configFlag) {
		if file := environ(Variable(configFlag)); file != "" {
			if err := config.Value.Set(file); err != nil {
				return netproto.Errorf(netproto.CodeUsage, "%s: %w", Variable(configFlag), err)
			}
		}
	}
	var settings map[string]setting
	if file := config.Value.String(); file != "" {
		var err error
		if settings, err = readSettings(file, set); err != nil {
			return err
		}
	}
	var err error
	set.VisitAll(func(f *flag.Flag) {
		if err != nil || f.Name == configFlag || given(f.Name) {
			return
		}
		value, where := environ(Variable(f.Name)), Variable(f.Name)
		if value == "" {
			said, ok := settings[f.Name]
			if !ok {
				return
			}
			value, where = said.value, said.where
		}
		set := f.Value.Set
		if list, ok := f.Value.(*listFlag); ok {
			set = list.Replace
		}
		if set(value) != nil {
			err = netproto.Errorf(netproto.CodeUsage, "%s: %s cannot be %q", where, f.Name, value)
		}
	})
	return err
}

// configFlag is the one flag that a file cannot set.
const configFlag = "config"

// setting is a value and the place where it was found.
type setting struct{ value, where string }

func readSettings(name string, set *flag.FlagSet) (map[string]setting, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--config: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSettingsBytes+1))
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--config: %w", err)
	}
	if len(text) > maxSettingsBytes {
		return nil, netproto.Errorf(netproto.CodeUsage, "--config: %s has more than %d bytes", name, maxSettingsBytes)
	}
	settings, line, err := parseSettings(string(text), func(key string) bool { return set.Lookup(key) != nil })
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "%s:%d: %w", name, line, err)
	}
	for key, s := range settings {
		settings[key] = setting{value: s.value, where: name + ":" + s.where}
	}
	return settings, nil
}

// parseSettings reads the text of a settings file; the place of a setting is its
// line number. With an error it returns the line at fault.
func parseSettings(text string, known func(name string) bool) (settings map[string]setting, line int, err error) {
	settings = map[string]setting{}
	for text := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch first, twice := settings[key]; {
		case !ok || key == "":
			return nil, line, errors.New("a line has the form name = value")
		case key == configFlag:
			return nil, line, errors.New("a settings file cannot name another one")
		case !known(key):
			return nil, line, fmt.Errorf("there is no setting %q; the settings have the names of the flags", key)
		case twice:
			return nil, line, fmt.Errorf("%s is already set in line %s", key, first.where)
		}
		settings[key] = setting{value: value, where: fmt.Sprint(line)}
	}
	return settings, 0, nil
}
