package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func (p *program) settingsCommand() *cobra.Command {
	return p.Drives(&cobra.Command{
		Use:   "settings [NAME=VALUE…]",
		Short: "Show or change the settings",
		Long: "settings shows the settings of the profile, or changes those that it is given. They\n" +
			"are in force at once, and saved.",
		Example: "  centralizedp2p settings\n  centralizedp2p settings name=attic downloads_at_once=5",
	}, func(args []string) (drive.EngineWork, error) {
		for _, arg := range args {
			if name, _, ok := strings.Cut(arg, "="); !ok || name == "" {
				return nil, netproto.Errorf(netproto.CodeUsage, "settings takes NAME=VALUE, not %q", arg)
			}
		}
		return func(ctx context.Context, engine face.Engine) error { return p.changeSettings(ctx, engine, args) }, nil
	})
}

func (p *program) changeSettings(ctx context.Context, engine face.Engine, args []string) error {
	s, err := engine.Settings(ctx)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if s, err = changedSettings(s, args); err != nil {
			return err
		}
		if err := engine.ApplySettings(ctx, s); err != nil {
			return refusedSettings(err)
		}
	}
	if p.JSON {
		p.Event(s)
		return nil
	}
	fields, err := settingFields(s)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		rows = append(rows, []string{name, strings.Trim(string(fields[name]), `"`)})
	}
	p.Table([]string{"NAME", "VALUE"}, rows)
	return nil
}

// settingFields are the settings by their JSON names.
func settingFields(s face.Settings) (fields map[string]json.RawMessage, err error) {
	raw, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(raw, &fields)
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	return fields, nil
}

// changedSettings returns settings with other values; "usage" if there is no such
// setting, or if it cannot have the value.
func changedSettings(s face.Settings, args []string) (face.Settings, error) {
	fields, err := settingFields(s)
	if err != nil {
		return s, err
	}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		before, ok := fields[name]
		if !ok {
			return s, netproto.Errorf(netproto.CodeUsage, "there is no setting %q; `centralizedp2p settings` lists them", name)
		}
		fields[name] = json.RawMessage(value)
		if before[0] == '"' {
			quoted, err := json.Marshal(value)
			if err != nil {
				return s, netproto.Errorf(netproto.CodeUsage, "%s cannot be %q", name, value)
			}
			fields[name] = quoted
		}
		if !json.Valid(fields[name]) {
			return s, netproto.Errorf(netproto.CodeUsage, "%s cannot be %q", name, value)
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: fields[name]})
		if err == nil {
			err = json.Unmarshal(one, &s)
		}
		if err != nil {
			return s, netproto.Errorf(netproto.CodeUsage, "%s cannot be %q", name, value)
		}
	}
	return s, nil
}

// refusedSettings is the error of settings that the engine did not accept.
func refusedSettings(err error) error {
	refused, ok := errors.AsType[face.InvalidSettings](err)
	if !ok {
		return err
	}
	var said []string
	for _, field := range slices.Sorted(maps.Keys(refused)) {
		said = append(said, fmt.Sprintf("%s: %s", field, refused[field].Detail))
	}
	return netproto.Errorf(netproto.CodeInvalid, "%s", strings.Join(said, "; "))
}
