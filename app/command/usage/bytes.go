package usage

import (
	"fmt"

	"github.com/dustin/go-humanize"
)

// Bytes is a number of bytes, or of bytes a second, as people write it; empty leaves the setting.
type Bytes string

// String implements flag.Value.
func (b *Bytes) String() string { return string(*b) }

// Set implements flag.Value.
func (b *Bytes) Set(text string) error {
	if _, err := humanize.ParseBytes(text); err != nil && text != "" {
		return fmt.Errorf("%q is not a number of bytes like 500kB or 8MB", text)
	}
	*b = Bytes(text)
	return nil
}

// Apply puts the number into a setting, unless it is empty.
func (b Bytes) Apply(setting *int64) {
	if n, err := humanize.ParseBytes(string(b)); err == nil {
		*setting = int64(min(n, 1<<62))
	}
}
