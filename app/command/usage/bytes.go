package usage

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// Bytes is a number of bytes, or of bytes a second, as people write it; empty leaves the setting.
type Bytes string

// String implements flag.Value.
func (r *Bytes) String() string { return string(*r) }

// Set implements flag.Value.
func (r *Bytes) Set(text string) error {
	if _, err := humanize.ParseBytes(text); err != nil && text != "" {
		return fmt.Errorf("%q is not a number of bytes like 500kB or 8MB", text)
	}
	*r = Bytes(text)
	return nil
}

// Apply puts the number into a setting, unless it is empty.
func (r Bytes) Apply(setting *int64) {
	if n, err := humanize.ParseBytes(string(r)); err == nil {
		*setting = int64(min(n, 1<<62))
	}
}
