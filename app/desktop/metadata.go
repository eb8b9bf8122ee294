//go:build !darwin || cgo

package desktop

import (
	"path/filepath"

	"fyne.io/fyne/v2"

	"centralizedp2p/assets"
	"centralizedp2p/netproto/version"
)

// The same as in FyneApp.toml, which an installed program does not find.
const (
	appID    = "org.centralizedp2p.desktop"
	appName  = "CentralizedP2P"
	appBuild = 1
)

// Metadata is what main hands to app.SetMetadata before it makes the app.
func Metadata() fyne.AppMetadata {
	return fyne.AppMetadata{
		ID:         appID,
		Name:       appName,
		Version:    version.Number,
		Build:      appBuild,
		Icon:       appIcon(),
		Migrations: map[string]bool{"fyneDo": true},
	}
}

// LogFile returns the path of the log of a desktop with that profile.
func LogFile(profile string) string { return filepath.Join(profile, "desktop.log") }

func appIcon() fyne.Resource { return fyne.NewStaticResource("icon.png", assets.Icon) }
