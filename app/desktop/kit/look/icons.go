//go:build !darwin || cgo

package look

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/assets"
)

// icons holds our icons by name, each in the colour of text.
var icons = sync.OnceValue(func() map[string]fyne.Resource {
	files, err := fs.Glob(assets.Icons, assets.IconsDir+"/*.svg")
	if err != nil {
		fyne.LogError("list the icons", err)
	}
	icons := make(map[string]fyne.Resource, len(files))
	for _, file := range files {
		shape, err := assets.Icons.ReadFile(file)
		if err != nil {
			fyne.LogError("read an icon", err)
			continue
		}
		name := path.Base(file)
		icons[strings.TrimSuffix(name, ".svg")] = theme.NewThemedResource(fyne.NewStaticResource(name, shape))
	}
	return icons
})

// Icon returns one of our icons, by its file name without ".svg", in the colour
// of text.
func Icon(name string) fyne.Resource {
	if known, ok := icons()[name]; ok {
		return known
	}
	return theme.DefaultTheme().Icon(theme.IconNameBrokenImage)
}

// themeIcons are our icons in place of Fyne's own.
var themeIcons = map[fyne.ThemeIconName]string{
	theme.IconNameSearch: "search", theme.IconNameDownload: "download", theme.IconNameUpload: "upload",
	theme.IconNameFolder: "folder", theme.IconNameFolderOpen: "folder-open", theme.IconNameFolderNew: "new-folder",
	theme.IconNameStorage: "tracker", theme.IconNameSettings: "settings", theme.IconNameFile: "file",
	theme.IconNameDocument: "document", theme.IconNameFileText: "document", theme.IconNameFileAudio: "audio",
	theme.IconNameFileVideo: "video", theme.IconNameFileImage: "image", theme.IconNameFileApplication: "program",
	theme.IconNameContentCopy: "copy", theme.IconNameContentPaste: "paste", theme.IconNameContentCut: "cut",
	theme.IconNameContentAdd: "add", theme.IconNameContentRemove: "remove", theme.IconNameContentUndo: "undo",
	theme.IconNameContentRedo: "redo", theme.IconNameContentClear: "close", theme.IconNameConfirm: "check",
	theme.IconNameCancel: "close", theme.IconNameDelete: "trash", theme.IconNameWarning: "warning",
	theme.IconNameError: "error", theme.IconNameInfo: "info", theme.IconNameQuestion: "question",
	theme.IconNameHelp: "question", theme.IconNameHistory: "clock", theme.IconNameViewRefresh: "refresh",
	theme.IconNameMediaPause: "pause", theme.IconNameMediaPlay: "play", theme.IconNameMediaStop: "stop",
	theme.IconNameMediaFastForward: "fast", theme.IconNameAccount: "person", theme.IconNameHome: "home",
	theme.IconNameComputer: "computer", theme.IconNameMailForward: "move", theme.IconNameGrid: "code",
	theme.IconNameList: "list", theme.IconNameMoveUp: "up", theme.IconNameMoveDown: "down",
	theme.IconNameMoreHorizontal: "more", theme.IconNameArrowDropDown: "chevron-down", theme.IconNameArrowDropUp: "chevron-up",
	theme.IconNameMenuExpand: "chevron-right", theme.IconNameNavigateBack: "chevron-left",
	theme.IconNameNavigateNext: "chevron-right", theme.IconNameVisibility: "eye", theme.IconNameVisibilityOff: "eye-off",
	theme.IconNameLogin: "login", theme.IconNameLogout: "logout",
}

// Icon returns our icon for name, or Fyne's own if we have none.
func (l windowTheme) Icon(name fyne.ThemeIconName) fyne.Resource {
	if ours, ok := themeIcons[name]; ok {
		return Icon(ours)
	}
	return l.Theme.Icon(name)
}

// Tinted returns an icon in a colour of the theme.
func Tinted(resource fyne.Resource, color fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(resource, color)
}
