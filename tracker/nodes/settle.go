package nodes

import (
	"encoding/json"
	"log/slog"
)

// settle tells the others what was spent here of the limits that count for all nodes, each
// limit in a letter of its own.
func (o *Others) settle() {
	for name, rates := range o.c.Rates {
		if spent := rates.Spent(); spent != nil {
			o.toAll(letter{Spent: map[string]json.RawMessage{name: spent}})
		}
	}
}

// spentElsewhere charges what was spent at another node. Limits that are not known here are
// of a newer one.
func (o *Others) spentElsewhere(told map[string]json.RawMessage) {
	for name, spent := range told {
		if rates := o.c.Rates[name]; rates != nil {
			if err := rates.SpentElsewhere(spent, o.c.Now()); err != nil {
				o.c.Log.Debug("another node was not understood", slog.String("limit", name), slog.Any("error", err))
			}
		}
	}
}
