//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"strings"

	"centralizedp2p/netproto"
)

// Settings are what the engine remembers for the person.
type Settings struct {
	Name            string              `json:"name"`              // shown to other peers
	DownloadFolder  string              `json:"download_folder"`   // absolute
	DownloadsAtOnce int                 `json:"downloads_at_once"` // 1 to MaxDownloadsAtOnce
	UploadSlots     int                 `json:"upload_slots"`      // 1 to MaxUploadSlots
	Port            int                 `json:"port"`              // TCP, for other peers; 0 is a free one
	DownLimit       int64               `json:"down_limit"`        // bytes a second; 0 is none
	UpLimit         int64               `json:"up_limit"`          // bytes a second; 0 is none
	SeedClients     netproto.SeedPolicy `json:"seed_clients"`

	ShareDownloads bool  `json:"share_downloads"` // finished ones are offered to others
	AdaptiveSlots  bool  `json:"adaptive_slots"`  // more than UploadSlots while the line has room
	LocalExempt    bool  `json:"local_exempt"`    // the local network is not limited
	Preallocate    bool  `json:"preallocate"`     // the space of a file is taken when its download begins
	QuickDown      int64 `json:"quick_down"`      // bytes a second while the quick limit is on; 0 is none
	QuickUp        int64 `json:"quick_up"`        // see [Engine.SetQuickLimit]

	Ignore        string `json:"ignore"`         // patterns of what is left out of shared folders, one a line, as in .gitignore
	GentleHashing bool   `json:"gentle_hashing"` // with one processor, half of the time
}

// Bounds of the settings.
const (
	MaxDownloadsAtOnce = 100
	MaxUploadSlots     = 100
)

// Field names a setting in [InvalidSettings]: its JSON name.
type Field string

// The fields that can be refused.
const (
	FieldName            Field = "name"
	FieldDownloadFolder  Field = "download_folder"
	FieldDownloadsAtOnce Field = "downloads_at_once"
	FieldUploadSlots     Field = "upload_slots"
	FieldPort            Field = "port"
	FieldDownLimit       Field = "down_limit"
	FieldUpLimit         Field = "up_limit"
	FieldSeedClients     Field = "seed_clients"
	FieldQuickDown       Field = "quick_down"
	FieldQuickUp         Field = "quick_up"
	FieldIgnore          Field = "ignore"
)

// InvalidSettings says which settings are not acceptable, and why.
type InvalidSettings map[Field]Failure

func (s InvalidSettings) Error() string {
	var fields []string
	for field, failure := range s {
		fields = append(fields, fmt.Sprintf("%s: %v", field, failure.Error()))
	}
	return "settings: " + strings.Join(fields, "; ")
}
