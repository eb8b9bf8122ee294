package face

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"centralizedp2p/netproto"
)

// Preferences reads and changes what the engine remembers for the person.
type Preferences interface {
	// Settings returns the settings in force.
	Settings(ctx context.Context) (Settings, error)
	// ApplySettings checks, applies and saves the settings. If a field is not
	// acceptable it changes nothing and returns [InvalidSettings].
	ApplySettings(ctx context.Context, settings Settings) error
	// SetQuickLimit replaces the usual limits by QuickDown and QuickUp, or
	// brings the usual ones back. The choice is saved.
	SetQuickLimit(ctx context.Context, on bool) error
	// TestPort asks the tracker to connect to this peer and waits for the
	// result, which is unknown if the tracker does not find out in time.
	// "tracker-unreachable" if no tracker is connected.
	TestPort(ctx context.Context) (netproto.Reachability, error)
}

// Settings are what the engine remembers for the person.
type Settings struct {
	Name            string              `json:"name"`              // shown to other peers
	DownloadFolder  string              `json:"download_folder"`   // absolute
	DownloadsAtOnce int                 `json:"downloads_at_once"` // 1 to MaxDownloadsAtOnce
	UploadSlots     int                 `json:"upload_slots"`      // 1 to MaxUploadSlots
	Port            int                 `json:"port"`              // TCP, for other peers; 0 picks a free one
	TrackerPort     int                 `json:"tracker_port"`      // TCP, of the tracker on this computer, from its next start; 0 takes the usual or a free one
	DownLimit       int64               `json:"down_limit"`        // bytes per second; 0 is unlimited
	UpLimit         int64               `json:"up_limit"`          // bytes per second; 0 is unlimited
	SeedClients     netproto.SeedPolicy `json:"seed_clients"`

	ShareDownloads bool  `json:"share_downloads"` // finished downloads are offered to others
	AdaptiveSlots  bool  `json:"adaptive_slots"`  // more than UploadSlots while there is bandwidth to spare
	LocalExempt    bool  `json:"local_exempt"`    // the limits do not apply to the local network
	PoliteUploads  bool  `json:"polite_uploads"`  // they leave room for others on the line, outside of the local network if that is exempt
	Preallocate    bool  `json:"preallocate"`     // disk space is reserved when a download starts
	QuickDown      int64 `json:"quick_down"`      // bytes per second while the quick limit is on; 0 is unlimited
	QuickUp        int64 `json:"quick_up"`        // see [Preferences.SetQuickLimit]

	RouterPort bool `json:"router_port"` // the router is asked to open the port
	Calls      bool `json:"calls"`       // trackers may arrange connections, both ways
	Relay      bool `json:"relay"`       // a tracker may pass on what cannot be connected

	Ignore        string `json:"ignore"`         // patterns of what shared folders leave out, one per line, as in .gitignore
	GentleHashing bool   `json:"gentle_hashing"` // hash on one processor, half of the time

	Unlisted bool `json:"unlisted"` // this peer is in no list of people; see [People]

	Timetable Timetable `json:"timetable"`
	// OnFinished is the program to run when a download or a received file is finished,
	// and its arguments, with quotes around what holds spaces; no shell reads it. "" is
	// none. Only who is at the computer of the peer sees and changes it.
	OnFinished string `json:"on_finished"`

	KeepAwake bool `json:"keep_awake"` // the computer does not fall asleep while something is transferred
}

// Timetable says when the quick limit turns on by itself. [Preferences.SetQuickLimit]
// overrules it until its next time begins or ends.
type Timetable struct {
	On   bool    `json:"on"`
	Days [7]bool `json:"days"` // by [time.Weekday]: those on which it begins
	From int     `json:"from"` // minutes after midnight, less than 1440
	To   int     `json:"to"`   // as From; on the next day unless it is later than From
}

// Bounds of the settings.
const (
	MaxDownloadsAtOnce = 100
	MaxUploadSlots     = 100
)

// Field names a setting in [InvalidSettings] by its JSON name.
type Field string

// The fields that can be refused.
const (
	FieldName            Field = "name"
	FieldDownloadFolder  Field = "download_folder"
	FieldDownloadsAtOnce Field = "downloads_at_once"
	FieldUploadSlots     Field = "upload_slots"
	FieldPort            Field = "port"
	FieldTrackerPort     Field = "tracker_port"
	FieldDownLimit       Field = "down_limit"
	FieldUpLimit         Field = "up_limit"
	FieldSeedClients     Field = "seed_clients"
	FieldQuickDown       Field = "quick_down"
	FieldQuickUp         Field = "quick_up"
	FieldIgnore          Field = "ignore"
	FieldTimetable       Field = "timetable"
	FieldOnFinished      Field = "on_finished"
)

// InvalidSettings says which settings are not acceptable, and why.
type InvalidSettings map[Field]Failure

// Error lists the fields in the order of their names.
func (s InvalidSettings) Error() string {
	var fields []string
	for _, field := range slices.Sorted(maps.Keys(s)) {
		fields = append(fields, fmt.Sprintf("%s: %v", field, s[field].Error()))
	}
	return "settings: " + strings.Join(fields, "; ")
}
